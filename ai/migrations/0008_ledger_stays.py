"""The ledger is append-only, as the audit log is, and budgets are counted by two functions."""

from django.db import migrations

TRIGGERS = [
    'CREATE TRIGGER ledger_seal BEFORE UPDATE ON ai_ledgerentry FOR EACH ROW EXECUTE FUNCTION huntaze_audit_only_seal()',
    'CREATE TRIGGER ledger_keep BEFORE DELETE ON ai_ledgerentry FOR EACH ROW EXECUTE FUNCTION huntaze_audit_refuse()',
    'CREATE TRIGGER ledger_seal BEFORE UPDATE ON ai_ledgercheckpoint FOR EACH ROW EXECUTE FUNCTION huntaze_audit_only_forward()',
    'CREATE TRIGGER ledger_keep BEFORE DELETE ON ai_ledgercheckpoint FOR EACH ROW EXECUTE FUNCTION huntaze_audit_refuse()',
    *(
        f'CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION huntaze_audit_refuse()'
        for table in ('ai_ledgerentry', 'ai_ledgercheckpoint')
    ),
]
BUDGETS = [
    # The first day of the span that a moment falls in, by UTC.
    """
    CREATE FUNCTION ai_span(period text, moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE
    RETURN date_trunc(period, moment AT TIME ZONE 'UTC')::date
    """,
    # The budgets of a spender in the one order in which they are locked, so that no two spenders wait for each other.
    """
    CREATE FUNCTION ai_budgets_of(workspace uuid, member uuid, key uuid) RETURNS SETOF ai_budget LANGUAGE sql STABLE AS $$
      SELECT * FROM ai_budget b
      WHERE b.workspace_id = workspace
        AND (b.level IN ('plan', 'workspace') OR (b.level = 'member' AND b.subject_id = member) OR (b.level = 'key' AND b.subject_id = key))
      ORDER BY array_position(ARRAY['plan', 'workspace', 'member', 'key'], b.level::text), b.period
    $$
    """,
    # Counts an amount in each budget by one conditional UPDATE; returns the budget that has not that much left, upon which the caller
    # rolls back, or nothing. A budget whose span has passed begins anew; what was ordered in a span that has passed is counted no more.
    """
    CREATE FUNCTION ai_hold(workspace uuid, member uuid, key uuid, amount bigint, moment timestamptz, force boolean)
    RETURNS TABLE (level text, period text, limit_nanousd bigint, used_nanousd bigint, resets_at timestamptz) LANGUAGE plpgsql AS $$
    #variable_conflict use_column
    DECLARE
      budget ai_budget;
      bound bigint;
      span date;
      allowance bigint;
    BEGIN
      SELECT CASE WHEN w.limits ? 'ai_budget_microusd' THEN (w.limits -> 'ai_budget_microusd' ->> 'value')::bigint * 1000 ELSE 0 END
        INTO allowance FROM accounts_workspace w WHERE w.id = workspace;
      IF NOT EXISTS (SELECT FROM ai_budget b WHERE b.workspace_id = workspace AND b.level = 'plan') THEN
        INSERT INTO ai_budget (id, created_at, workspace_id, level, subject_id, period, used_nanousd, starts_on)
        VALUES (gen_random_uuid(), now(), workspace, 'plan', workspace, 'month', 0, ai_span('month', moment)) ON CONFLICT DO NOTHING;
      END IF;
      FOR budget IN SELECT * FROM ai_budgets_of(workspace, member, key) LOOP
        span := ai_span(budget.period, moment);
        bound := CASE WHEN budget.level = 'plan' THEN allowance ELSE budget.limit_nanousd END;
        UPDATE ai_budget b
        SET used_nanousd = CASE WHEN b.starts_on < span THEN amount WHEN b.starts_on = span THEN b.used_nanousd + amount ELSE b.used_nanousd END,
            starts_on = greatest(b.starts_on, span)
        WHERE b.id = budget.id
          AND (force OR bound IS NULL OR b.starts_on > span
               OR CASE WHEN b.starts_on < span THEN 0 ELSE b.used_nanousd END + amount <= bound);
        IF NOT FOUND AND EXISTS (SELECT FROM ai_budget b WHERE b.id = budget.id) THEN
          RETURN QUERY SELECT b.level::text, b.period::text, bound, CASE WHEN b.starts_on < span THEN 0 ELSE b.used_nanousd END,
                              (span + ('1 ' || b.period)::interval) AT TIME ZONE 'UTC'
                       FROM ai_budget b WHERE b.id = budget.id;
          RETURN;
        END IF;
      END LOOP;
    END $$
    """,
    """
    CREATE FUNCTION ai_let_go(workspace uuid, member uuid, key uuid, amount bigint, moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
    #variable_conflict use_column
    DECLARE
      budget ai_budget;
    BEGIN
      FOR budget IN SELECT * FROM ai_budgets_of(workspace, member, key) LOOP
        UPDATE ai_budget b SET used_nanousd = greatest(0, b.used_nanousd - amount)
        WHERE b.id = budget.id AND b.starts_on = ai_span(budget.period, moment);
      END LOOP;
    END $$
    """,
]
UNDO = [
    'DROP FUNCTION ai_let_go, ai_hold, ai_budgets_of, ai_span',
    *(f'DROP TRIGGER {name} ON ai_ledgerentry' for name in ('ledger_seal', 'ledger_keep', 'audit_truncate')),
    *(f'DROP TRIGGER {name} ON ai_ledgercheckpoint' for name in ('ledger_seal', 'ledger_keep', 'audit_truncate')),
]


class Migration(migrations.Migration):
    dependencies = [("ai", "0007_ledger"), ("huntaze", "0003_audit_chain"), ("accounts", "0001_initial")]
    operations = [migrations.RunSQL(TRIGGERS + BUDGETS, UNDO)]
