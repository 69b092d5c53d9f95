"""The shelves of the demo shop: products with texts in two languages, prices and styles."""

from dataclasses import dataclass
from typing import Any

import numpy as np

STYLES = 3
"""Within a department each product has one of three styles; a customer mostly buys one of them."""


@dataclass(frozen=True)
class Department:
    """One department: its names, what it sells, and whether people buy it again."""

    name: str
    name_zh: str
    things: tuple[tuple[str, str], ...]
    base_price: float
    repeatable: bool = False


DEPARTMENTS = (
    Department(
        "Coffee and tea", "咖啡与茶",
        (("espresso beans", "意式咖啡豆"), ("filter coffee", "滤泡咖啡"), ("green tea", "绿茶"), ("oolong", "乌龙茶"),
         ("drip bags", "挂耳咖啡"), ("jasmine tea", "茉莉花茶")), 9.0, repeatable=True,
    ),
    Department(
        "Skin care", "护肤",
        (("day cream", "日霜"), ("toner", "爽肤水"), ("cleanser", "洁面乳"), ("serum", "精华液"),
         ("sun milk", "防晒乳"), ("hand balm", "护手霜")), 18.0, repeatable=True,
    ),
    Department(
        "Kitchen", "厨房",
        (("chef's knife", "主厨刀"), ("saucepan", "汤锅"), ("cutting board", "砧板"), ("mixing bowl", "料理碗"),
         ("kettle", "水壶"), ("spice jar", "香料罐")), 24.0,
    ),
    Department(
        "Stationery", "文具",
        (("notebook", "笔记本"), ("fountain pen", "钢笔"), ("ink bottle", "墨水"), ("desk tray", "桌面收纳"),
         ("sketch pad", "速写本"), ("gel pens", "中性笔")), 7.0,
    ),
    Department(
        "Garden", "园艺",
        (("seed box", "种子盒"), ("pruning shears", "修枝剪"), ("plant pot", "花盆"), ("watering can", "浇水壶"),
         ("potting soil", "营养土"), ("herb kit", "香草种植套装")), 14.0,
    ),
    Department(
        "Pets", "宠物",
        (("cat food", "猫粮"), ("dog food", "狗粮"), ("chew toy", "磨牙玩具"), ("cat litter", "猫砂"),
         ("leash", "牵引绳"), ("dog treats", "狗零食")), 12.0, repeatable=True,
    ),
    Department(
        "Outdoor", "户外",
        (("trail socks", "徒步袜"), ("water bottle", "运动水壶"), ("head lamp", "头灯"), ("rain jacket", "防雨夹克"),
         ("camp stove", "露营炉"), ("day pack", "双肩包")), 32.0,
    ),
    Department(
        "Home textiles", "家纺",
        (("bath towel", "浴巾"), ("linen sheet", "亚麻床单"), ("wool throw", "羊毛毯"), ("cushion", "靠垫"),
         ("table runner", "桌旗"), ("bathrobe", "浴袍")), 27.0,
    ),
)  # fmt: skip
STYLE_WORDS = (("Classic", "经典"), ("Bold", "醒目"), ("Natural", "天然"))
BRANDS = (
    ("Northlight", "北光"),
    ("Plainfield", "原野"),
    ("Harbour & Co", "港湾"),
    ("Little Fern", "小蕨"),
    ("Oak Row", "橡树里"),
)
SIZES = (("small", "小号"), ("medium", "中号"), ("large", "大号"), ("gift set", "礼盒"))


@dataclass(frozen=True)
class Shelves:
    """All products as arrays, in the order of `rows`. `price_rank` is 0 to 1 within the department."""

    rows: list[dict[str, Any]]
    sku: np.ndarray
    department: np.ndarray
    style: np.ndarray
    price: np.ndarray
    price_rank: np.ndarray
    popularity: np.ndarray
    repeatable: np.ndarray


def build(count: int, seed: int = 7) -> Shelves:
    """Return about `count` products, spread evenly over departments and styles; the same for the same seed."""
    rng = np.random.default_rng([seed, 1])
    number = np.arange(count)
    department = number % len(DEPARTMENTS)
    style = (number // len(DEPARTMENTS)) % STYLES
    round_of = number // (len(DEPARTMENTS) * STYLES)
    base = np.array([d.base_price for d in DEPARTMENTS])[department]
    price = np.round(base * np.exp(rng.normal(0.0, 0.55, count)), 1) + 0.09
    rank = np.empty(count)
    for one in range(len(DEPARTMENTS)):
        mine = np.flatnonzero(department == one)
        rank[mine[np.argsort(price[mine])]] = np.linspace(0, 1, len(mine))
    rows = [_row(i, department[i], style[i], round_of[i], price[i]) for i in range(count)]
    return Shelves(
        rows=rows,
        sku=np.array([row["sku"] for row in rows]),
        department=department,
        style=style,
        price=price,
        price_rank=rank,
        popularity=1.0 / (1.0 + rng.permutation(count)) ** 0.6,
        repeatable=np.array([DEPARTMENTS[d].repeatable for d in department]),
    )


def _row(number: int, department: int, style: int, round_of: int, price: float) -> dict[str, Any]:
    home = DEPARTMENTS[department]
    thing, thing_zh = home.things[round_of % len(home.things)]
    style_en, style_zh = STYLE_WORDS[style]
    brand, brand_zh = BRANDS[(number * 7 + round_of) % len(BRANDS)]
    size, size_zh = SIZES[(round_of // len(home.things)) % len(SIZES)]
    edition = round_of // (len(home.things) * len(SIZES))
    tail = f" no. {edition + 1}" if edition else ""
    return {
        "sku": f"D{number:05d}",
        "name": f"{brand} {style_en.lower()} {thing}, {size}{tail}",
        "name_zh": f"{brand_zh}{style_zh}{thing_zh}（{size_zh}）{edition + 1 if edition else ''}",
        "description": f"{style_en} {thing} from our {home.name.lower()} shelf.",
        "description_zh": f"{home.name_zh}专区的{style_zh}款{thing_zh}。",
        "category": f"{home.name} > {thing.capitalize()}",
        "brand": brand,
        "tags": [style_en.lower(), size],
        "price": round(float(price), 2),
        "stock": 0 if number % 97 == 96 else 40 + number % 60,
        "repeatable": home.repeatable,
    }
