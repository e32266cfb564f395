from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trakt", "0001_initial")]

    operations = [
        migrations.AddField(
            "traktconfig", "refresh_lease_by", models.CharField(blank=True, default="", editable=False, max_length=120)
        ),
    ]
