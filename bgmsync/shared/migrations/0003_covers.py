from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shared", "0002_figures")]

    operations = [
        migrations.AddField(
            "profile",
            "pictures_shown",
            models.BooleanField(
                default=False,
                help_text=(
                    "On: pages that name Bangumi's entries show their covers, and your browser fetches these from "
                    "Bangumi's picture server, lain.bgm.tv. That server then sees your address, but not which page you "
                    "look at."
                ),
                verbose_name="show covers from Bangumi",
            ),
        ),
    ]
