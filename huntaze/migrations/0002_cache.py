"""The table of Django's database cache, as `createcachetable` makes it."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('huntaze', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(
            sql=[
                'CREATE TABLE huntaze_cache (cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, '
                'expires timestamp with time zone NOT NULL)',
                'CREATE INDEX huntaze_cache_expires ON huntaze_cache (expires)',
            ],
            reverse_sql='DROP TABLE huntaze_cache',
        ),
    ]
