"""The journeys and templates that the tests install, as a shop's marketer would have written them."""

from __future__ import annotations

def mjml(inside: str) -> str:
    return f"<mjml><mj-body><mj-section><mj-column>{inside}</mj-column></mj-section></mj-body></mjml>"


CART_TEMPLATE = {
    "name": "Giỏ hàng bị bỏ quên",
    "channel": "email",
    "subject": "{{ customer.firstName | default: 'Bạn' }} ơi, giỏ hàng vẫn chờ",
    "preheader": "Áo đẹp không đợi lâu đâu",
    "body": {
        "kind": "mjml",
        "source": mjml(
            "<mj-text>Xin chào {{ customer.firstName | default: 'bạn' }}</mj-text>"
            "{% for item in cart.items %}<mj-text>{{ item.name }} x {{ item.quantity }}</mj-text>{% endfor %}"
            '<mj-button href="https://aodaihanh.example/gio-hang?ref=nhac">Xem giỏ hàng</mj-button>'
        ),
    },
}

CART_JOURNEY = {
    "schema": 1,
    "name": "Nhắc giỏ hàng",
    "trigger": {"type": "event", "event": "Product Added"},
    "goal": {"event": "Order Completed"},
    "start": "wait",
    "nodes": {
        "wait": {"type": "wait_for", "event": "Order Completed", "timeout": "3s", "on_event": "bought", "on_timeout": "send"},
        "send": {"type": "send", "channel": "email", "template": "cart", "next": "watch"},
        "watch": {"type": "wait_for", "event": "Order Completed", "timeout": "1d", "on_event": "bought"},
        "bought": {"type": "exit", "reason": "bought"},
    },
}

ORDER_TEMPLATE = {
    "name": "Trạng thái đơn hàng",
    "channel": "email",
    "subject": "Đơn hàng {{ event.properties.order_id }}",
    "body": {
        "kind": "mjml",
        "source": mjml("<mj-text>Cảm ơn bạn. Đơn {{ event.properties.order_id }} đang được chuẩn bị.</mj-text>"),
    },
}

ORDER_JOURNEY = {
    "schema": 1,
    "name": "Đơn hàng",
    "trigger": {"type": "event", "event": "Order Placed"},
    "entry": {"reentry": "always"},
    "start": "send",
    "nodes": {"send": {"type": "send", "channel": "email", "template": "order", "purpose": "transactional"}},
}


# Each of them fits the size of a template, and none of them may be rendered to its end.
BOMBS = {
    "liquid-endless": mjml("<mj-text>{% for i in (1..2000000000) %}x{% endfor %}</mj-text>"),
    "liquid-nested": mjml(
        "<mj-text>" + "{% for i in (1..1000) %}" * 5 + "x" + "{% endfor %}" * 5 + "</mj-text>"
    ),
    "liquid-doubling": mjml(
        "<mj-text>{% assign a = 'xxxxxxxxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 40 + "{{ a }}</mj-text>"
    ),
    "mjml-multiplied": mjml("{% for i in (1..1000) %}{% for j in (1..1000) %}<mj-text>x</mj-text>{% endfor %}{% endfor %}"),
    "mjml-wide": mjml("<mj-text>x</mj-text>" * 12_000),
    "mjml-deep": "<mjml><mj-body>" + "<mj-wrapper>" * 10_000 + "</mj-wrapper>" * 10_000 + "</mj-body></mjml>",
}
