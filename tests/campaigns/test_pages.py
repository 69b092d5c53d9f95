"""The pages of campaigns, offers and mails."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.emails.models import EmailTemplate, EmailText
from campaigns.offers.models import Offer
from campaigns.planning import launch
from campaigns.planning.models import Campaign
from crm.privacy.models import Opening
from lib.mailbox import Mailbox
from tests.campaigns import mailing
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def url(name: str, *args: object) -> str:
    return reverse(f"campaigns:{name}", args=args)


@pytest.fixture
def draft() -> Campaign:
    """A draft that could start: two rows, three people."""
    first = [shop.painted(shop.person(first_name="Ada")), shop.painted(shop.person())]
    second = [shop.painted(shop.person())]
    mail = shop.template()
    return shop.campaign((shop.segment("Tea", first), shop.offer(), mail), (shop.segment("Coffee", second), None, mail))


# --- Every page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["campaigns", "offers", "templates"])
def test_an_empty_list_says_what_to_do_next(marketer: Client, name: str) -> None:
    assert "empty-box" in marketer.get(url(name)).content.decode()


def test_every_page_answers_in_both_languages(marketer: Client, draft: Campaign) -> None:
    mail, promise = EmailTemplate.objects.get(), Offer.objects.get()
    pages = [
        url("campaigns"),
        url("campaign_new"),
        url("campaign", draft.pk),
        url("campaign_preview", draft.pk),
        url("report", draft.pk),
        url("report_csv", draft.pk),
        url("offers"),
        url("offer_new"),
        url("offer", promise.pk),
        url("templates"),
        url("template_new"),
        url("template", mail.pk),
        url("template_preview", mail.pk, "en"),
    ]
    for language in ("en", "zh-hans"):
        for page in pages:
            assert marketer.get(page, headers={"accept-language": language}).status_code == 200, page


def test_analysts_may_read_and_change_nothing(analyst: Client, draft: Campaign) -> None:
    mail, promise = EmailTemplate.objects.get(), Offer.objects.get()
    for page in (url("campaigns"), url("campaign", draft.pk), url("offers"), url("template", mail.pk)):
        answer = analyst.get(page)
        assert answer.status_code == 200
        assert "btn-primary" not in answer.content.decode()
    posts = [
        url("campaign_new"),
        *(
            url(name, draft.pk)
            for name in ("campaign_matrix", "campaign_suggest", "campaign_schedule", "campaign_test")
        ),
        *(url(name, draft.pk) for name in ("campaign_rename", "campaign_sender", "campaign_duplicate")),
        *(url("campaign_act", draft.pk, act) for act in ("pause", "cancel", "discard")),
        url("offer_new"),
        url("offer", promise.pk),
        url("offer_archive", promise.pk),
        url("template_new"),
        url("template", mail.pk),
        url("template_check", mail.pk),
        url("template_archive", mail.pk),
    ]
    for page in posts:
        assert analyst.post(page).status_code == 403, page
    assert Campaign.objects.get().state == Campaign.State.DRAFT


def test_nothing_is_changed_by_looking(marketer: Client, draft: Campaign) -> None:
    for name in ("campaign_matrix", "campaign_suggest", "campaign_schedule", "campaign_duplicate"):
        assert marketer.get(url(name, draft.pk)).status_code == 405


# --- One campaign ----------------------------------------------------------------------------------------------------


def test_a_campaign_is_begun_with_a_name(marketer: Client) -> None:
    assert marketer.post(url("campaign_new"), {"name": " "}).status_code == 422
    answer = marketer.post(url("campaign_new"), {"name": "May"})
    assert answer.url == url("campaign", Campaign.objects.get(name="May").pk)


def matrix_of(draft: Campaign, **more: Any) -> dict[str, Any]:
    cells = list(draft.cells.order_by("position"))
    data: dict[str, Any] = {"segment": [cell.segment_id for cell in cells]}
    for cell in cells:
        data[f"offer-{cell.segment_id}"] = cell.offer_id or ""
        data[f"template-{cell.segment_id}"] = cell.template_id
    return data | more


def test_rows_are_moved_added_and_taken_out(marketer: Client, draft: Campaign) -> None:
    tea, coffee = [cell.segment_id for cell in draft.cells.order_by("position")]
    new = shop.segment("New")

    def after(**act: Any) -> list[int]:
        marketer.post(url("campaign_matrix", draft.pk), matrix_of(draft, **act))
        return [cell.segment_id for cell in draft.cells.order_by("position")]

    assert after(down=tea) == [coffee, tea]
    assert after(up=tea) == [tea, coffee]
    assert after(up=tea) == [tea, coffee]
    assert after(new=new.pk) == [tea, coffee, new.pk]
    assert after(remove=coffee) == [tea, new.pk]
    assert after(new="99999999") == [tea, new.pk]


def test_a_change_by_htmx_answers_matrix_and_review(marketer: Client, draft: Campaign) -> None:
    answer = marketer.post(
        url("campaign_matrix", draft.pk), matrix_of(draft), headers={"hx-request": "true"}
    ).content.decode()
    assert 'id="matrix"' in answer and 'id="review" hx-swap-oob' in answer and "<html" not in answer


def test_the_button_names_how_many_get_it(marketer: Client, draft: Campaign) -> None:
    assert "Send to 3 customers" in marketer.get(url("campaign", draft.pk)).content.decode()


def test_suggest_fills_the_matrix_and_says_why(marketer: Client, draft: Campaign) -> None:
    empty = Campaign.objects.create(name="Empty")
    answer = marketer.post(url("campaign_suggest", empty.pk), follow=True).content.decode()
    assert empty.cells.count() == 2
    assert "Why these rows" in answer


def test_sending_starts_now_or_later(marketer: Client, draft: Campaign) -> None:
    past = timezone.now() - timedelta(days=1)
    data = {"when": "later", "at": f"{past:%Y-%m-%dT%H:%M}"}
    assert marketer.post(url("campaign_schedule", draft.pk), data).status_code == 422
    later = timezone.now() + timedelta(days=1)
    marketer.post(url("campaign_schedule", draft.pk), {"when": "later", "at": f"{later:%Y-%m-%dT%H:%M}"})
    draft.refresh_from_db()
    assert draft.state == Campaign.State.SCHEDULED and abs((draft.scheduled_at - later).total_seconds()) < 61
    marketer.post(url("campaign_act", draft.pk, "unschedule"))
    marketer.post(url("campaign_schedule", draft.pk), {"when": "now"})
    assert launch.start_due() == 1


def test_progress_is_polled_until_the_state_changes(marketer: Client, draft: Campaign) -> None:
    launch.schedule(campaign=draft)
    launch.start_due()
    page = url("campaign_progress", draft.pk)
    assert "every 2s" in marketer.get(page, {"state": "sending"}).content.decode()
    launch.pause(campaign=draft)
    assert marketer.get(page, {"state": "sending"}).headers["HX-Refresh"] == "true"
    assert "every 2s" not in marketer.get(page, {"state": "paused"}).content.decode()


def test_acts_follow_the_state(marketer: Client, draft: Campaign) -> None:
    launch.schedule(campaign=draft)
    launch.start_due()
    states = []
    for act in ("pause", "resume", "cancel", "resume"):
        marketer.post(url("campaign_act", draft.pk, act))
        draft.refresh_from_db()
        states.append(draft.state)
    assert states == ["paused", "sending", "cancelled", "cancelled"]
    assert marketer.post(url("campaign_act", draft.pk, "cancel"), follow=True).status_code == 200


def test_a_name_is_shown_only_when_asked_for_and_then_logged(marketer: Client, draft: Campaign) -> None:
    ada = draft.cells.order_by("position")[0].segment.memberships.order_by("customer")[0].customer
    page = url("campaign_preview_mail", draft.pk, ada.uuid)
    seen = Opening.objects.count()
    assert "Hello Customer" in marketer.get(page).content.decode()
    assert Opening.objects.count() == seen
    assert "Hello Ada" in marketer.get(page, {"name": "1"}).content.decode()
    assert Opening.objects.filter(customer=ada, actor__startswith="user:").exists()


def test_an_analyst_never_sees_a_name(analyst: Client, draft: Campaign) -> None:
    ada = draft.cells.order_by("position")[0].segment.memberships.order_by("customer")[0].customer
    page = url("campaign_preview_mail", draft.pk, ada.uuid)
    assert "Hello Customer" in analyst.get(page, {"name": "1"}).content.decode()


def test_a_mail_is_framed_under_a_policy_that_lets_it_run_nothing(marketer: Client, draft: Campaign) -> None:
    ada = draft.cells.order_by("position")[0].segment.memberships.order_by("customer")[0].customer
    for page in (
        url("campaign_preview_mail", draft.pk, ada.uuid),
        url("template_preview", EmailTemplate.objects.get().pk, "en"),
    ):
        answer = marketer.get(page)
        policy = answer.headers["Content-Security-Policy"]
        assert "sandbox" in policy and "default-src 'none'" in policy and "script-src" not in policy
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_the_preview_walks_and_finds(marketer: Client, draft: Campaign) -> None:
    people = [
        membership.customer
        for cell in draft.cells.order_by("position")
        for membership in cell.segment.memberships.order_by("customer")
    ]
    page = url("campaign_preview", draft.pk)
    assert str(people[0].uuid) in marketer.get(page).content.decode()
    forward = marketer.get(page, {"customer": people[0].uuid, "step": "next"}).content.decode()
    assert str(people[1].uuid) in forward
    assert str(people[2].uuid) in marketer.get(page, {"q": people[2].external_id}).content.decode()
    assert "somebody else" in marketer.get(page, {"q": "nobody"}).content.decode()
    assert marketer.get(page, {"customer": "nonsense"}).status_code == 200


def test_a_test_mail_goes_out(marketer: Client, draft: Campaign, settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR, settings.MAILBOX_ENABLED = tmp_path, True
    ada = draft.cells.order_by("position")[0].segment.memberships.order_by("customer")[0].customer
    data = {"address": "tester@example.com", "customer": ada.uuid}
    box: Mailbox
    with mailing.mail_server(tmp_path) as box:
        marketer.post(url("campaign_test", draft.pk), data)
        assert box.count() == 1
    answer = marketer.post(url("campaign_test", draft.pk), {"address": "nobody", "customer": ada.uuid}, follow=True)
    assert "badge-red" in answer.content.decode()


def test_the_report_as_csv_has_a_line_for_the_whole_and_one_for_each_row(marketer: Client, draft: Campaign) -> None:
    launch.schedule(campaign=draft)
    launch.start_due()
    lines = marketer.get(url("report_csv", draft.pk)).content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("segment,offer,email,planned,sent") and len(lines) == 4
    assert lines[1].startswith(",,,3,0")
    assert "Not sent, and why" in marketer.get(url("report", draft.pk)).content.decode()


def test_the_list_costs_the_same_however_many_there_are(
    marketer: Client, draft: Campaign, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        Campaign.objects.create(name=f"C{number}")
    # The first visit notes in the session that somebody is there, as one in a minute does.
    marketer.get("/password/")
    # Session, user, campaigns, progress, states, and five kinds of running jobs for the top bar.
    with django_assert_max_num_queries(10):
        marketer.get(url("campaigns"))


# --- Offers ----------------------------------------------------------------------------------------------------------

OFFER = {"name": "Spring", "kind": "percent", "value": "15", "cost": "2", "valid_from": "", "valid_until": ""}


def test_an_offer_is_made_changed_and_put_away(marketer: Client) -> None:
    wrong = marketer.post(url("offer_new"), OFFER | {"value": "120"})
    assert wrong.status_code == 422 and "aria-invalid" in wrong.content.decode()
    marketer.post(url("offer_new"), OFFER)
    made = Offer.objects.get()
    marketer.post(url("offer", made.pk), OFFER | {"value": "20", "name_zh": "春季"})
    assert "8 折" in marketer.get(url("offer", made.pk)).content.decode()
    marketer.post(url("offer_archive", made.pk))
    assert "is in the archive now" in marketer.get(url("offers")).content.decode()
    assert "Spring" not in marketer.get(url("offers")).content.decode()
    assert (
        "春季" in marketer.get(url("offers"), {"show": "archived"}, headers={"accept-language": "zh"}).content.decode()
    )
    marketer.post(url("offer_restore", made.pk))
    assert Offer.objects.get().archived_at is None


# --- Mails -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def mail(marketer: Client) -> EmailTemplate:
    """A mail made from a ready one."""
    marketer.post(url("template_new"), {"name": "Hello", "starter": "picks"})
    return EmailTemplate.objects.get(name="Hello")


def typed(mail: EmailTemplate, **changes: str) -> dict[str, str]:
    data = {"name": mail.name}
    for text in mail.texts.all():
        for part in ("subject", "preheader", "mjml"):
            data[f"{part}-{text.language}"] = getattr(text, part)
    return data | {name.replace("_", "-", 1): value for name, value in changes.items()}


def test_a_new_mail_starts_from_a_ready_one_in_both_languages(mail: EmailTemplate) -> None:
    assert set(mail.texts.values_list("language", flat=True)) == {"en", "zh-hans"}


def test_a_mail_is_saved_in_both_languages(marketer: Client, mail: EmailTemplate) -> None:
    answer = marketer.post(url("template", mail.pk), typed(mail, subject_en="Good morning"))
    assert answer.status_code == 302
    assert EmailText.objects.get(template=mail, language="en").subject == "Good morning"


def test_a_mail_with_errors_is_not_saved_and_keeps_what_was_typed(marketer: Client, mail: EmailTemplate) -> None:
    broken = "<mjml><mj-body>{{ customer.password }}</mj-body></mjml>"
    answer = marketer.post(url("template", mail.pk), typed(mail, mjml_en=broken))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "customer.password" in text and "Nothing was saved" in text
    assert EmailText.objects.get(template=mail, language="en").mjml != broken


def test_an_emptied_language_is_taken_out_but_never_the_last(marketer: Client, mail: EmailTemplate) -> None:
    without = {name: "" if name.endswith("zh-hans") else value for name, value in typed(mail).items()}
    assert marketer.post(url("template", mail.pk), without).status_code == 302
    assert list(mail.texts.values_list("language", flat=True)) == ["en"]
    assert marketer.post(url("template", mail.pk), {"name": "Hello"}).status_code == 422
    assert mail.texts.exists()


def test_typing_shows_problems_and_a_preview_and_saves_nothing(marketer: Client, mail: EmailTemplate) -> None:
    data = typed(mail, subject_en="Typed just now")
    answer = marketer.post(url("template_check", mail.pk), data).content.decode()
    assert "Typed just now" in answer
    frame = answer.split('src="')[1].split('"')[0]
    assert "we chose these for you" in marketer.get(frame).content.decode()
    assert "Typed just now" not in list(mail.texts.values_list("subject", flat=True))
    broken = marketer.post(url("template_check", mail.pk), typed(mail, mjml_en="<mjml>")).content.decode()
    assert "badge-red" in broken


def test_pictures_elsewhere_are_not_fetched_by_a_preview(marketer: Client, mail: EmailTemplate) -> None:
    page = marketer.get(url("template_preview", mail.pk, "en")).content.decode()
    assert "<img" in page and 'src="http' not in page
