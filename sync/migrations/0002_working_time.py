from datetime import timedelta

from django.db import migrations, models
from django.db.models import F


def count_past_runs(apps, _editor):
    """Say of runs that are over how long they worked, as far as it is known: since they last began."""
    ended = apps.get_model("sync", "SyncRun").objects.filter(started_at__isnull=False, finished_at__gt=F("started_at"))
    ended.update(worked=F("finished_at") - F("started_at"))


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="syncrun",
            name="worked",
            field=models.DurationField(
                default=timedelta,
                help_text="How long it worked until it last stopped: what it waited for its user is not in it.",
            ),
        ),
        migrations.RunPython(count_past_runs, migrations.RunPython.noop),
    ]
