"""The topics of other systems that can be taken in, by their names."""

from collections.abc import Mapping
from typing import Any

from consumers.inbound.ads import ads_leads
from consumers.inbound.calls import telephony_calls
from consumers.inbound.channel import Channel
from consumers.inbound.chat import chat_leads
from consumers.inbound.invoices import billing_invoices
from consumers.inbound.learning import learning_progress
from consumers.inbound.orders import shop_orders
from consumers.inbound.risk import risk_flags
from consumers.inbound.staff import hr_staff
from consumers.inbound.tags import bigdata_tags
from consumers.inbound.touchpoints import web_touchpoints

CHANNELS: tuple[Channel[Any], ...] = (
    hr_staff,
    shop_orders,
    telephony_calls,
    chat_leads,
    ads_leads,
    learning_progress,
    risk_flags,
    billing_invoices,
    bigdata_tags,
    web_touchpoints,
)
TOPICS: Mapping[str, Channel[Any]] = {each.topic: each for each in CHANNELS}
