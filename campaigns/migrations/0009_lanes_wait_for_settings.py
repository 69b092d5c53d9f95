"""A lane may also wait for settings: sender, postal address or mail server that are still examples."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0008_texts_of_messages")]

    operations = [
        migrations.AlterField(
            model_name="sendinglane",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("unreachable", "The mail server does not answer."),
                    ("sign_in", "The mail server does not let us in."),
                    ("busy", "The mail server asks us to wait."),
                    ("sender", "The mail server refuses the sender."),
                    ("storm", "The mail server refuses many mails of this sender."),
                    ("settings", "Sender, postal address or mail server are not your own yet."),
                ],
                max_length=12,
            ),
        ),
    ]
