from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0004_lease_holder")]

    operations = [
        migrations.RemoveIndex("syncitem", "items_by_reason"),
        migrations.AddIndex(
            "syncitem",
            models.Index(
                fields=["user", "kind", "state", "reason", "confidence", "by_person"], name="items_by_reason"
            ),
        ),
        migrations.AddIndex(
            "syncrun", models.Index(fields=["user", "created_at", "dry_run", "status"], name="runs_by_week")
        ),
    ]
