"""The journeys and templates that the tests install, as a shop's marketer would have written them."""

from __future__ import annotations

CART_TEMPLATE = {
    "name": "Giỏ hàng bị bỏ quên",
    "channel": "email",
    "purpose": "marketing",
    "subject": "{{ profile.firstName | default: 'Bạn' }} ơi, giỏ hàng vẫn chờ",
    "preheader": "Áo đẹp không đợi lâu đâu",
    "mjml": """<mjml><mj-body><mj-section><mj-column>
<mj-text>Xin chào {{ profile.firstName | default: 'bạn' }}</mj-text>
{% for item in cart.items %}<mj-text>{{ item.name }} x {{ item.quantity }}</mj-text>{% endfor %}
<mj-button href="https://aodaihanh.example/gio-hang?ref=nhac">Xem giỏ hàng</mj-button>
</mj-column></mj-section></mj-body></mjml>""",
}

CART_JOURNEY = {
    "name": "Nhắc giỏ hàng",
    "trigger": {"kind": "event", "event": "Product Added"},
    "start": "wait",
    "goal": {"kind": "event", "event": "Order Completed"},
    "nodes": {
        "wait": {"kind": "wait_for_event", "event": "Order Completed", "timeout_ms": 2_000, "then": "end", "on_timeout": "send"},
        "send": {"kind": "send", "channel": "email", "template": "cart", "next": "end"},
        "end": {"kind": "exit"},
    },
}

ORDER_TEMPLATE = {
    "name": "Trạng thái đơn hàng",
    "channel": "email",
    "purpose": "transactional",
    "subject": "Đơn hàng {{ event.properties.order_id }}",
    "mjml": """<mjml><mj-body><mj-section><mj-column>
<mj-text>Cảm ơn bạn. Đơn {{ event.properties.order_id }} đang được chuẩn bị.</mj-text>
</mj-column></mj-section></mj-body></mjml>""",
}

ORDER_JOURNEY = {
    "name": "Đơn hàng",
    "trigger": {"kind": "event", "event": "Order Placed"},
    "reentry": "always",
    "start": "send",
    "nodes": {
        "send": {"kind": "send", "channel": "email", "template": "order", "next": "end"},
        "end": {"kind": "exit"},
    },
}

ENDLESS_LIQUID = "{% for i in (1..2000000000) %}x{% endfor %}"

MJML_WIDE = "<mjml><mj-body>" + "<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>" * 50_000 + "</mj-body></mjml>"
MJML_DEEP = "<mjml><mj-body>" + "<mj-wrapper>" * 50_000 + "</mj-wrapper>" * 50_000 + "</mj-body></mjml>"
