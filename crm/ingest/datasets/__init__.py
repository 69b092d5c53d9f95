"""Public data sets the product is measured on; each module has HEADER, size, last_day and load."""

from types import ModuleType

from crm.ingest.datasets import complete_journey, movielens_100k, uci_online_retail

NAMES: dict[str, ModuleType] = {
    "movielens-100k": movielens_100k,
    "complete-journey": complete_journey,
    "uci-online-retail": uci_online_retail,
}
