from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0003_tokens_that_end")]

    operations = [
        migrations.AddField(
            "bangumiaccount", "refresh_lease_by", models.CharField(blank=True, default="", editable=False, max_length=120)
        ),
    ]
