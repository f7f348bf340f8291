"""The route of a generation, the writer of each of its texts, and what the budgets of a spender leave."""

from django.db import migrations, models

# The least that any budget of a spender leaves in its span, nothing where none bounds it. Reads as ai_hold does.
LEFT = """
CREATE FUNCTION ai_left(workspace uuid, member uuid, key uuid, moment timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT least(
    CASE WHEN NOT w.limits ? 'ai_budget_microusd' THEN 0
         ELSE (w.limits -> 'ai_budget_microusd' ->> 'value')::bigint * 1000 - coalesce(plan.used, 0) END,
    bounded.rest)
  FROM accounts_workspace w
  LEFT JOIN LATERAL (
    SELECT CASE WHEN b.starts_on >= ai_span(b.period, moment) THEN b.used_nanousd ELSE 0 END AS used
    FROM ai_budget b WHERE b.workspace_id = w.id AND b.level = 'plan') plan ON true
  CROSS JOIN LATERAL (
    SELECT min(b.limit_nanousd - CASE WHEN b.starts_on >= ai_span(b.period, moment) THEN b.used_nanousd ELSE 0 END) AS rest
    FROM ai_budgets_of(w.id, member, key) b WHERE b.level <> 'plan') bounded
  WHERE w.id = workspace
$$
"""
# Until now one model wrote all texts of a generation that were not a template's.
WRITERS = """
UPDATE ai_generation g SET outputs = (
  SELECT jsonb_agg(e.output || CASE e.output ->> 'origin' WHEN 'template' THEN '{"provider": "template", "model": ""}'::jsonb
                               ELSE jsonb_build_object('provider', g.provider, 'model', g.model) END ORDER BY e.place)
  FROM jsonb_array_elements(g.outputs) WITH ORDINALITY e(output, place))
WHERE jsonb_array_length(g.outputs) > 0
"""


class Migration(migrations.Migration):
    dependencies = [("ai", "0012_minors")]
    operations = [
        migrations.AddField(
            model_name="generation",
            name="route",
            field=models.JSONField(help_text="Which models were to be asked, in order, and why.", null=True, verbose_name="route"),
        ),
        migrations.AlterField(
            model_name="aimodel",
            name="rank",
            field=models.PositiveSmallIntegerField(
                default=100, help_text="Of two models that cost the same the lower is asked.", verbose_name="rank"
            ),
        ),
        migrations.RunSQL(WRITERS, migrations.RunSQL.noop),
        migrations.RunSQL(LEFT, "DROP FUNCTION ai_left"),
    ]
