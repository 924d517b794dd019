"""Events of a shop's app, and what the reports over them must say, computed with nothing but Python.

reports.py make SEED COUNT     events as JSON lines, some of them no good
reports.py answer REPORT FILE  the report's answer as CSV
"""
import collections
import csv
import datetime
import decimal
import json
import random
import sys

Decimal = decimal.Decimal
TYPES = ["productView", "addToCart", "purchase", "recommendationClick"]
CATEGORIES = ["Electronics", "Clothing", "Home & Kitchen", "Books"]
PAYMENTS = ["Credit Card", "Debit Card", "PayPal"]
ALGORITHMS = ["collaborative_filtering", "content_based"]


def make(seed, count):
    chance = random.Random(seed)
    start = datetime.datetime(2023, 12, 27, 22, 0, 0)
    for n in range(count):
        kind = chance.choice(TYPES)
        time = start + datetime.timedelta(seconds=n * 2 - chance.choice([0, 0, 0, 30, 4000]))
        event = {"eventType": kind, "customerId": f"{chance.randrange(10000, 10300)}",
                 "productId": f"{chance.randrange(1000, 1060)}", "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S")}
        fields = {}
        if kind == "productView" and chance.random() < 0.9:
            fields["category"] = chance.choice(CATEGORIES)
            fields["source"] = chance.choice(["Advertisement", "Search", "Direct"])
        if kind in ("addToCart", "purchase"):
            fields["quantity"] = chance.randrange(1, 6)
        if kind == "purchase":
            fields["totalAmount"] = float(f"{chance.randrange(1000, 50001) / 100:.2f}")
            fields["paymentMethod"] = chance.choice(PAYMENTS)
        if kind == "recommendationClick":
            fields["recommendedProductId"] = f"{chance.randrange(1000, 1060)}"
            fields["algorithm"] = chance.choice(ALGORITHMS)
        if chance.random() < 0.5:
            event["metadata"] = fields
        else:
            event.update(fields)
        if chance.random() < 0.01:
            event["customerId"] = "12"
        print(json.dumps(event))


def read(path):
    events = []
    with open(path) as lines:
        for line in lines:
            event = json.loads(line, parse_float=Decimal)
            event.update(event.pop("metadata", {}))
            if len(event["customerId"]) == 5:
                event["time"] = datetime.datetime.fromisoformat(event["timestamp"])
                events.append(event)
    return events


def of_type(events, kind):
    return [event for event in events if event["eventType"] == kind]


def grouped(events, key):
    groups = collections.defaultdict(list)
    for event in events:
        groups[key(event)].append(event)
    return groups


def units(events):
    return sum(event.get("quantity", 0) for event in events)


def revenue(events):
    return sum((event.get("totalAmount", Decimal(0)) for event in events), Decimal("0.00")).quantize(Decimal("0.01"))


def text(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def window(event, minutes):
    time = event["time"]
    return time.replace(minute=time.minute // minutes * minutes, second=0)


def sales_by_payment_method(events):
    rows = [(method, len(group), units(group), revenue(group))
            for method, group in grouped(of_type(events, "purchase"), lambda e: e.get("paymentMethod")).items()]
    rows.sort(key=lambda row: (-row[3], row[0]))
    return ["payment_method", "number_of_purchases", "total_units_sold", "total_revenue"], rows


def hourly_sales(events):
    groups = grouped(of_type(events, "purchase"), lambda e: (e["time"].date().isoformat(), e["time"].hour))
    rows = [(*key, len(group), units(group), revenue(group)) for key, group in sorted(groups.items())]
    return ["event_date", "event_hour", "number_of_purchases", "total_units_sold", "total_revenue"], rows


def average_order_value(events):
    purchases = of_type(events, "purchase")
    average = (revenue(purchases) / len(purchases)).quantize(Decimal("0.01"), rounding=decimal.ROUND_HALF_UP)
    return ["number_of_purchases", "total_revenue", "average_order_value"], [(len(purchases), revenue(purchases), average)]


def named(value, absent):
    return absent if value is None else value


def popular_categories(events):
    groups = grouped(events, lambda e: named(e.get("category"), "(without a category)"))
    rows = sorted(((name, len(group)) for name, group in groups.items()), key=lambda row: (-row[1], row[0]))
    return ["category", "number_of_events"], rows


def revenue_by_customer(events):
    groups = grouped(of_type(events, "purchase"), lambda e: e["customerId"])
    rows = [(customer, len(group), revenue(group)) for customer, group in groups.items()]
    rows.sort(key=lambda row: (-row[2], row[0]))
    return ["customer_id", "number_of_purchases", "total_revenue"], rows


def audience(events, kind, field, absent):
    groups = grouped(of_type(events, kind), lambda e: named(e.get(field), absent))
    rows = [(name, len(group), len({e["customerId"] for e in group})) for name, group in groups.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def category_views(events):
    rows = audience(events, "productView", "category", "(without a category)")
    return ["category", "number_of_views", "unique_customers"], rows


def clicks_by_algorithm(events):
    rows = audience(events, "recommendationClick", "algorithm", "(without an algorithm)")
    return ["algorithm", "number_of_clicks", "unique_customers"], rows


def adds_by_product(events):
    groups = grouped(of_type(events, "addToCart"), lambda e: e["productId"])
    rows = sorted(((product, len(group), units(group)) for product, group in groups.items()),
                  key=lambda row: (-row[1], row[0]))
    return ["product_id", "number_of_adds", "total_units_added"], rows


def funnel(events):
    # One customer's events in order of time, each a step further if it is the next kind; of equal times, all orders count.
    kinds = ("productView", "addToCart", "purchase")
    stages = [set(), set(), set()]
    for customer, its in grouped(events, lambda e: e["customerId"]).items():
        reached = 0
        for event in sorted(its, key=lambda e: (e["time"], kinds.index(e["eventType"]) if e["eventType"] in kinds else 3)):
            if reached < 3 and event["eventType"] == kinds[reached]:
                stages[reached].add(customer)
                reached += 1
    rows = []
    for number, (kind, stage) in enumerate(zip(("productView", "addToCart", "purchase"), stages), 1):
        share = (Decimal(100 * len(stage)) / len(stages[0])).quantize(Decimal("0.01"), rounding=decimal.ROUND_HALF_UP)
        rows.append((number, kind, len(stage), share))
    return ["stage", "event", "number_of_customers", "percent_of_first"], rows


def events_per_10_minutes(events):
    groups = grouped(events, lambda e: (text(window(e, 10)), e["eventType"]))
    return None, [(*key, len(group)) for key, group in sorted(groups.items())]


def top_products_per_30_minutes(events):
    rows = []
    for start, group in sorted(grouped(events, lambda e: text(window(e, 30))).items()):
        products = []
        for product, its in grouped(group, lambda e: e["productId"]).items():
            purchases = of_type(its, "purchase")
            products.append((-len(its), -units(purchases), product, its, purchases))
        for place, (_, _, product, its, purchases) in enumerate(sorted(products, key=lambda p: p[:3])[:5], 1):
            rows.append((start, place, product, len(its), len(of_type(its, "productView")), len(of_type(its, "addToCart")),
                         units(purchases), revenue(purchases)))
    return None, rows


def answer(report, path):
    header, rows = globals()[report.removeprefix("app-").replace("-", "_")](read(path))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if header:
        writer.writerow(header)
    writer.writerows(rows)


if sys.argv[1] == "make":
    make(int(sys.argv[2]), int(sys.argv[3]))
else:
    answer(sys.argv[2], sys.argv[3])
