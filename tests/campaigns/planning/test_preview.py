"""The mail one customer would get."""

import pytest
from django.utils import timezone

from campaigns.emails.models import EmailText
from campaigns.messages.models import TrackedLink
from campaigns.planning.models import Campaign, CampaignCell
from campaigns.planning.preview import beside, cell_of, find, first, preview, reaches
from campaigns.planning.test_send import send_test
from campaigns.sending.models import Delivery
from crm.catalog.models import Product
from crm.customers.models import Customer
from lib.mailbox import Mailbox
from recommendations.registry.models import ModelVersion
from recommendations.serving.models import Recommendation
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def cell(campaign: Campaign) -> CampaignCell:
    found = campaign.cells.select_related("campaign", "template", "offer").first()
    assert found is not None
    return found


@pytest.fixture
def ada() -> Customer:
    """Somebody with a recommendation because of something bought."""
    customer = shop.person(first_name="Ada")
    pot, tea = Product.objects.create(sku="POT", name="Teapot"), Product.objects.create(sku="TEA", name="Green tea")
    Recommendation.objects.create(
        customer=customer,
        product_ids=[tea.pk],
        scores=[1.0],
        reasons=[{"code": "because_you_bought", "product": pot.pk}],
        version=ModelVersion.objects.create(verdict="live"),
        made_at=timezone.now(),
    )
    return customer


def test_it_shows_the_real_offer_and_the_real_products_with_reasons(ada: Customer) -> None:
    draft = shop.campaign((shop.segment("A", [ada]), shop.offer(), shop.template()))
    shown = preview(cell=cell(draft), customer=ada)
    assert "15% off" in shown.mail.html
    assert "Green tea: Because you bought Teapot" in shown.mail.text
    assert shown.personal and shown.products == 1 and shown.needs_name


def test_the_name_is_a_stand_in_unless_it_is_given(ada: Customer) -> None:
    draft = shop.campaign((shop.segment("A", [ada]), None, shop.template()))
    assert "Hello Customer" in preview(cell=cell(draft), customer=ada).mail.html
    assert "Hello Ada" in preview(cell=cell(draft), customer=ada, first_name="Ada").mail.html


def test_the_customers_language_decides_where_the_mail_has_it(ada: Customer) -> None:
    mail = shop.template()
    draft = shop.campaign((shop.segment("A", [ada]), shop.offer(name_zh="春"), mail))
    ada.language = "zh-CN"
    assert preview(cell=cell(draft), customer=ada).language == "en"
    EmailText.objects.create(template=mail, language="zh-hans", subject="你好", mjml=shop.MJML)
    shown = preview(cell=cell(draft), customer=ada)
    assert shown.language == "zh-hans" and "85 折" in shown.mail.html and "顾客" in shown.mail.html


def test_looking_changes_nothing_and_its_links_unsubscribe_nobody(ada: Customer) -> None:
    draft = shop.campaign((shop.segment("A", [ada]), None, shop.template()))
    html = preview(cell=cell(draft), customer=ada).mail.html
    assert "/t/u/preview" in html and "https://shop.example.com/spring" in html
    assert not Delivery.objects.exists() and not TrackedLink.objects.exists()


def test_people_can_be_walked_through_and_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.planning.preview.CHUNK", 1)  # so that each step has to look further
    one, unwilling, two, three = shop.person(), shop.person(permission=1), shop.person(), shop.person()
    stranger = shop.person()
    draft = shop.campaign((shop.segment("A", [one, unwilling, two, three]), None, shop.template()))
    assert first(draft) == one
    assert beside(draft, one, forwards=True) == two and beside(draft, two, forwards=False) == one
    assert beside(draft, three, forwards=True) is None and beside(draft, one, forwards=False) is None
    assert find(draft, str(two.uuid)) == two
    assert find(draft, three.external_id or "") == three
    assert find(draft, str(stranger.uuid)) is None and find(draft, " ") is None
    assert [reaches(draft, somebody) for somebody in (one, unwilling, stranger)] == [True, False, False]


def test_somebody_in_two_rows_gets_the_first() -> None:
    both = shop.person()
    draft = shop.campaign(
        (shop.segment("A", [both]), None, shop.template("One")), (shop.segment("B", [both]), None, shop.template("Two"))
    )
    found = cell_of(draft, both)
    assert found is not None and found.template.name == "One"
    assert cell_of(draft, shop.person()) is None


def test_a_test_mail_is_marked_goes_to_the_address_typed_and_stands_in_no_ledger(
    box: Mailbox, ada: Customer, caplog: pytest.LogCaptureFixture
) -> None:
    draft = shop.campaign((shop.segment("A", [ada]), shop.offer(), shop.template()))
    caplog.set_level("INFO")
    send_test(cell=cell(draft), customer=ada, address="tester@example.com", actor="user:7")
    (entry,) = box.messages()
    mail = box.message(entry.id)
    raw = box.raw(entry.id)
    assert b"To: tester@example.com" in raw and b"Subject: [Test] For you" in raw
    assert b"List-Unsubscribe" not in raw
    assert "Hello Customer" in mail.html and "Ada" not in mail.html
    assert not Delivery.objects.exists()
    assert f"Test of campaign {draft.pk} by user:7" in caplog.text and "tester@" not in caplog.text
