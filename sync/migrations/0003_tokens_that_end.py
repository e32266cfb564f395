from django.db import migrations, models


def tell_those_who_are_told_of_connections(apps, _editor):
    """Whoever wants to hear that an account has to be connected again wants to hear it before, as well."""
    for channel in apps.get_model("sync", "NotificationChannel").objects.only("events").iterator():
        if "reconnect" in channel.events and "ending" not in channel.events:
            channel.events.append("ending")
            channel.save(update_fields=["events"])


class Migration(migrations.Migration):
    dependencies = [("sync", "0002_working_time")]

    operations = [
        migrations.AddField("told", "trakt_ending", models.BooleanField(default=False)),
        migrations.AddField("told", "bangumi_ending", models.BooleanField(default=False)),
        migrations.RunPython(tell_those_who_are_told_of_connections, migrations.RunPython.noop),
    ]
