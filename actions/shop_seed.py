"""The demo's data: Marigold's products, customers, and orders 1041 to 1080.

Every situation that the assistant handles has its order. What to try, and with which phone, is in docs/shop-api.md.
"""

from __future__ import annotations

from typing import Any, Iterable, Sequence

# sku, name, plural, price in pence, VAT percent, stock, why it cannot be sent back
_PRODUCTS: tuple[tuple[Any, ...], ...] = (
    ("APR-LIN", "Linen apron", "linen aprons", 3200, 20, 14, None),
    ("TEA-BLU", "Blue teapot", "blue teapots", 3400, 20, 6, None),
    ("MUG-STO", "Mug", "mugs", 1150, 20, 40, None),
    ("BRD-WAL", "Walnut serving board", "walnut serving boards", 4200, 20, 9, None),
    ("CAN-BEE", "Beeswax candles", "sets of beeswax candles", 1600, 20, 25, None),
    ("CAN-COP", "Copper watering can", "copper watering cans", 5600, 20, 0, None),
    ("BLA-WOO", "Wool blanket", "wool blankets", 7800, 20, 7, None),
    ("PLA-HER", "Herb planter", "herb planters", 2400, 20, 12, None),
    ("SEE-MIX", "Seeds", "packets of seeds", 350, 0, 200, "seeds and plants cannot be sold again"),
    ("EGG-CUP", "Egg cups", "sets of egg cups", 1400, 20, 18, None),
    ("PAN-ENA", "Enamel pan", "enamel pans", 3900, 20, 5, None),
    ("TWI-GAR", "Garden twine", "balls of garden twine", 650, 20, 60, None),
    ("KNI-POC", "Pocket knife", "pocket knives", 4500, 20, 8, None),
    ("BIN-BRE", "Bread bin", "bread bins", 5200, 20, 4, None),
    ("TOW-COT", "Cotton tea towels", "sets of cotton tea towels", 1800, 20, 30, None),
    ("BAS-PIC", "Picnic basket", "picnic baskets", 6900, 20, 3, None),
    ("HOO-BRA", "Brass hooks", "sets of brass hooks", 1250, 20, 22, None),
    ("PIN-ROL", "Rolling pin", "rolling pins", 1900, 20, 16, None),
    ("JAR-GLA", "Glass jars", "sets of glass jars", 2100, 20, 11, None),
    ("MAT-DOO", "Door mat", "door mats", 2900, 20, 10, None),
    ("STO-OAK", "Oak stool", "oak stools", 11500, 20, 2, "it is made to order"),
    ("BOO-REC", "Recipe book", "recipe books", 2200, 0, 20, None),
    ("PIG-SAL", "Salt pig", "salt pigs", 2000, 20, 13, None),
    ("VAS-GLA", "Glass vase", "glass vases", 2700, 20, 1, None),
    ("HON-WIL", "Wildflower honey", "jars of wildflower honey", 850, 0, 48, "food cannot be sold again"),
    ("TEA-EAR", "Earl Grey tea", "tins of Earl Grey tea", 950, 0, 35, "food cannot be sold again"),
    ("SIG-HOU", "Engraved house sign", "engraved house signs", 6400, 20, 9, "it is made to order"),
    ("CUS-LIN", "Linen cushion", "linen cushions", 3600, 20, 15, None),
)

# phone, name, e-mail, state of the account; then the address that their orders go to
_CUSTOMERS: tuple[tuple[Any, ...], ...] = (
    ("447700900123", "Ana Lopes", "ana.lopes@example.com", "active", "12 Harbour Walk", "Bristol", "BS1 4DJ"),
    ("447700900124", "Ben Carter", "ben.carter@example.com", "active", "8 Mill Lane", "York", "YO1 7HH"),
    ("447700900125", "Chloe Hughes", "chloe.hughes@example.com", "locked", "31 Castle Street", "Cardiff", "CF10 1BH"),
    (
        "447700900126",
        "Dev Patel",
        "dev.patel@example.com",
        "active",
        "Flat 3, 7 Granby Street",
        "Leicester",
        "LE1 6FB",
    ),
    ("447700900127", "Erin Walsh", None, "active", "5 Ferry Road", "Liverpool", "L3 4FP"),
    ("447700900128", "Farah Khan", "farah.khan@example.com", "active", "140 Leeds Road", "Bradford", "BD1 5BL"),
    ("447700900129", "Greg Allan", "greg.allan@example.com", "active", "22 Union Street", "Aberdeen", "AB10 1BD"),
    ("447700900130", "Holly Price", "holly.price@example.com", "active", "9 Orchard Close", "Exeter", "EX1 1GJ"),
    ("447700900131", "Łukasz Żuk", "lukasz.zuk@example.com", "active", "64 Bath Row", "Birmingham", "B15 1LZ"),
    ("447700900132", "Mei Tanaka", None, "active", "2 The Green", "Oxford", "OX1 3LQ"),
    ("447700900133", "Nia Bevan", "nia.bevan@example.com", "active", "17 Marine Parade", "Brighton", "BN2 1TL"),
    ("447700900134", "Omar Said", "omar.said@example.com", "locked", "51 Deansgate", "Manchester", "M3 2BQ"),
)
# How a customer pays: card with its last digits, unless they are named here.
_PAYS_OTHERWISE = {"447700900129": "PayPal"}

# number, the last two digits of the customer's phone, state, items, placed days ago, expected in days,
# delivered days ago, carrier, tracking number, payment
_ORDERS: tuple[tuple[Any, ...], ...] = (
    ("1041", 24, "placed", "APR-LIN", 0, 4, None, None, None, "paid"),
    ("1042", 23, "shipped", "TEA-BLU MUG-STO*2", 3, 1, None, "Royal Mail", "RM104277310GB", "paid"),
    ("1043", 23, "delivered", "BRD-WAL", 8, None, 2, "DPD", "DP1043554120", "paid"),
    ("1044", 26, "packed", "CAN-BEE", 1, 2, None, "Evri", None, "paid"),
    ("1045", 30, "cancelled", "CAN-COP", 5, None, None, None, None, "refunded"),
    ("1046", 25, "shipped", "BLA-WOO", 6, -2, None, "Evri", "EV1046009133", "paid"),
    ("1047", 23, "placed", "PLA-HER SEE-MIX", 1, 3, None, None, None, "paid"),
    ("1048", 24, "delivered", "EGG-CUP", 4, None, 0, "Royal Mail", "RM104831877GB", "paid"),
    ("1049", 29, "shipped", "PAN-ENA", 2, 0, None, "DPD", "DP1049663001", "paid"),
    ("1050", 30, "packed", "TWI-GAR KNI-POC", 2, 1, None, "Royal Mail", None, "paid"),
    ("1051", 30, "delivered", "BIN-BRE", 12, None, 9, "DPD", "DP1051877420", "paid"),
    ("1052", 33, "placed", "TOW-COT", 0, 3, None, None, None, "paid"),
    ("1053", 33, "shipped", "BAS-PIC", 2, 2, None, "Evri", "EV1053447102", "paid"),
    ("1054", 24, "cancelled", "HOO-BRA", 3, None, None, None, None, "paid"),
    ("1055", 29, "delivered", "PIN-ROL", 6, None, 1, "Royal Mail", "RM105510264GB", "paid"),
    ("1056", 33, "packed", "JAR-GLA", 1, 2, None, "DPD", None, "paid"),
    ("1057", 34, "shipped", "MAT-DOO", 4, 1, None, "DPD", "DP1057220918", "paid"),
    ("1058", 34, "placed", "STO-OAK", 2, 5, None, None, None, "paid"),
    ("1059", 34, "shipped", "BOO-REC", 7, -3, None, "Royal Mail", "RM105966124GB", "paid"),
    ("1060", 31, "delivered", "PIG-SAL", 20, None, 16, "Evri", "EV1060331587", "paid"),
    ("1061", 23, "delivered", "TEA-EAR*2 HON-WIL BOO-REC", 14, None, 10, "Royal Mail", "RM106144093GB", "paid"),
    ("1062", 23, "delivered", "CUS-LIN*2", 48, None, 43, "DPD", "DP1062771204", "paid"),
    ("1063", 23, "placed", "VAS-GLA", 0, 4, None, None, None, "failed"),
    ("1064", 28, "placed", "PAN-ENA", 1, 4, None, None, None, "failed"),
    ("1065", 29, "placed", "MUG-STO*4 TEA-BLU", 0, 3, None, None, None, "pending"),
    ("1066", 32, "delivered", "SIG-HOU", 15, None, 5, "DPD", "DP1066030418", "paid"),
    ("1067", 33, "delivered", "CUS-LIN VAS-GLA", 11, None, 7, "Evri", "EV1067552910", "paid"),
    ("1068", 34, "delivered", "BLA-WOO", 25, None, 21, "DPD", "DP1068810077", "refunded"),
    ("1069", 24, "shipped", "TOW-COT*2 TWI-GAR", 3, 0, None, "Royal Mail", "RM106920811GB", "paid"),
    ("1070", 33, "delivered", "BIN-BRE", 33, None, 30, "DPD", "DP1070194465", "paid"),
    ("1071", 34, "delivered", "PLA-HER SEE-MIX*3", 35, None, 31, "Evri", "EV1071300562", "paid"),
    ("1072", 29, "packed", "BAS-PIC HON-WIL*2", 2, 1, None, "Evri", None, "paid"),
    ("1073", 30, "placed", "HOO-BRA*3 BAS-PIC", 1, 4, None, None, None, "paid"),
    ("1074", 33, "cancelled", "PAN-ENA", 9, None, None, None, None, "refunded"),
    ("1075", 24, "delivered", "KNI-POC PIG-SAL", 60, None, 56, "DPD", "DP1075448120", "paid"),
    ("1076", 34, "shipped", "SIG-HOU", 9, 1, None, "DPD", "DP1076622903", "paid"),
    ("1077", 29, "delivered", "APR-LIN TOW-COT", 18, None, 13, "Royal Mail", "RM107707319GB", "paid"),
    ("1078", 30, "placed", "BLA-WOO CUS-LIN*2", 0, 5, None, None, None, "paid"),
    ("1079", 33, "shipped", "VAS-GLA EGG-CUP", 5, -1, None, "Evri", "EV1079118834", "paid"),
    ("1080", 34, "packed", "MAT-DOO HOO-BRA", 1, 2, None, "DPD", None, "paid"),
)

# order, item, reason, state, opened days ago
_RETURNS = (
    ("1051", "BIN-BRE", "it does not fit on my worktop", "open", 3),
    ("1067", "CUS-LIN", "the colour is not what I expected", "received", 4),
    ("1068", "BLA-WOO", "I changed my mind", "received", 15),
)

# order, state, amount in pence, expected in days
_REFUNDS = (
    ("1045", "paid", 5600, -2),
    ("1054", "pending", 1250 + 395, 3),
    ("1074", "paid", 3900 + 395, -5),
    ("1051", "awaiting_return", 5200, None),
    ("1067", "pending", 3600, 2),
    ("1068", "paid", 7800, -8),
)

# Delivery is free from this much on; both in pence.
FREE_DELIVERY_FROM = 5000
DELIVERY_PRICE = 395


def rows() -> dict[str, list[dict[str, Any]]]:
    """The rows of each table, by the table's name."""
    return {
        "products": _named("sku name plural price vat_percent stock kept_because", _PRODUCTS),
        "customers": _named("phone name email account_state", [customer[:4] for customer in _CUSTOMERS]),
        "orders": [_order(*order) for order in _ORDERS],
        "lines": [line for order in _ORDERS for line in _lines(order[0], order[3])],
        "returns": _named("number sku reason state opened_days_ago", _RETURNS),
        "refunds": _named("number state amount expected_in_days", _REFUNDS),
    }


def delivery_price(goods: int) -> int:
    """What delivery costs with items worth this many pence."""
    return 0 if goods >= FREE_DELIVERY_FROM else DELIVERY_PRICE


def _order(number: str, owner: int, state: str, items: str, *rest: Any) -> dict[str, Any]:
    phone, name, _, _, street, town, postcode = next(who for who in _CUSTOMERS if who[0].endswith(str(owner)))
    method = _PAYS_OTHERWISE.get(phone, "card")
    names = ("placed_days_ago", "expected_in_days", "delivered_days_ago", "carrier", "tracking", "payment")
    return {
        **{"number": number, "phone": phone, "state": state},
        **dict(zip(names, rest, strict=True)),
        **{"name": name, "street": street, "town": town, "postcode": postcode},
        "delivery_price": delivery_price(sum(line["price"] * line["quantity"] for line in _lines(number, items))),
        "method": method,
        "last_digits": f"{int(phone) * 7919 % 10_000:04}" if method == "card" else None,
    }


def _lines(number: str, items: str) -> list[dict[str, Any]]:
    """The lines of ``TEA-BLU MUG-STO*2``."""
    prices = {sku: price for sku, _, _, price, *_ in _PRODUCTS}
    parts = [item.partition("*") for item in items.split()]
    return [
        {"number": number, "position": position, "sku": sku, "quantity": int(times or 1), "price": prices[sku]}
        for position, (sku, _, times) in enumerate(parts)
    ]


def _named(names: str, values: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(names.split(), row, strict=True)) for row in values]
