//! What authors and recipients see, as tables of input and expected output.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

fn text_template(source: &str) -> TemplateSource {
    TemplateSource { body: Body::Text(source.to_owned()), ..TemplateSource::default() }
}

fn html_template(source: &str) -> TemplateSource {
    TemplateSource { body: Body::Html(source.to_owned()), ..TemplateSource::default() }
}

fn mjml_template(source: &str) -> TemplateSource {
    TemplateSource { body: Body::Mjml(source.to_owned()), ..TemplateSource::default() }
}

fn compile(source: &TemplateSource) -> CompiledTemplate {
    source.compile().unwrap_or_else(|problems| panic!("{problems:?} in {source:?}"))
}

fn problems(source: &TemplateSource) -> Vec<String> {
    match source.compile() {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(TemplateProblem::to_string).collect(),
    }
}

/// The rendered text, `missing: a, b`, or `stopped: why`.
fn text_of(source: &str, context: &Json) -> String {
    match compile(&text_template(source)).render(context, &RenderOptions::default()) {
        Ok(rendered) => rendered.text,
        Err(RenderError::Missing { variables }) => format!("missing: {}", variables.join(", ")),
        Err(RenderError::Stopped(problem)) => format!("stopped: {problem}"),
    }
}

fn html_of(source: &str, context: &Json) -> String {
    let rendered = compile(&html_template(source)).render(context, &RenderOptions::default());
    rendered.unwrap_or_else(|error| panic!("{error} in {source}")).html.unwrap()
}

fn shop() -> Json {
    json!({
        "customer": {"name": "Nguyễn Thị Lan", "nick": null, "empty": "", "points": 7, "vip": true, "tags": ["a", "b"],
                     "attributes": {"size áo": "M"}, "phone": "+84912345678"},
        "cart": {"items": [
            {"name": "Áo", "price": 120000, "tag": "top"},
            {"name": "Quần", "price": 90000.5, "tag": null},
            {"name": "Nón", "price": 30000, "tag": "top"}], "total": 240000},
        "n": 10, "f": 2.5, "s": "Hello World", "html": "<b>&amp; x</b>", "key": "name", "i": 1, "none": [],
        "at_ms": 1767200400000i64, "on": "2026-01-01", "at_iso": "2025-12-31T17:00:00Z",
        "blank": "  ", "b_false": false
    })
}

#[test]
fn recommendations_show_what_there_is_or_their_else() {
    let source = TemplateSource {
        body: Body::Text(
            "{% recommendations place: 'email', limit: 2 as them %}{% for p in them %}{{ p.name }};{% endfor %}{% else %}none{% endrecommendations %} {% for p in recommendations.popular limit: 1 %}{{ p.name }}{% else %}-{% endfor %}"
                .into(),
        ),
        ..TemplateSource::default()
    };
    let compiled = source.compile().unwrap();
    assert_eq!(compiled.recommendations(), ["email", "popular"]);
    let check = |context: serde_json::Value, expect: &str| {
        let rendered = compiled.render(&context, &RenderOptions::default()).unwrap();
        assert_eq!(rendered.text.trim(), expect);
    };
    let named =
        |names: &[&str]| -> serde_json::Value { names.iter().map(|name| json!({ "name": name })).collect() };
    check(
        json!({ "recommendations": { "email": named(&["a", "b", "c"]), "popular": named(&["x"]) } }),
        "a;b; x",
    );
    check(json!({ "recommendations": { "email": [], "popular": [] } }), "none -");
    check(json!({}), "none -");
    for wrong in ["limit: 3", "place: 'E-mail'", "place: 'email', limit: 0", "place: 'email' items"] {
        let body = format!("{{% recommendations {wrong} %}}x{{% endrecommendations %}}");
        let source = TemplateSource { body: Body::Text(body), ..TemplateSource::default() };
        assert!(source.compile().is_err(), "{wrong}");
    }
}

#[test]
fn liquid_behaves_as_shops_know_it() {
    let context = shop();
    let check = |source: &str, expect: &str| assert_eq!(text_of(source, &context), expect, "{source}");
    // Printing
    check(
        "{{ s }} {{ n }} {{ f }} {{ customer.vip }} {{ 'x' }} {{ 1.0 }} {{ -3 }}",
        "Hello World 10 2.5 true x 1 -3",
    );
    check("{{ customer.tags }}", "ab");
    check(
        "{{ customer['name'] }} {{ customer[key] }} {{ cart.items[i].name }}",
        "Nguyễn Thị Lan Nguyễn Thị Lan Quần",
    );
    check("{{ customer.attributes['size áo'] }}", "M");
    check("{{ cart.items[0].name }} {{ cart.items[-1].name }}", "Áo Nón");
    check("{{ cart.items.size }} {{ cart.items.first.name }} {{ cart.items.last.name }}", "3 Áo Nón");
    check("{{ customer.name.size }}", "14");
    check("{{ customer.empty }}|", "|");
    check("{{ customer.points }}{% raw %}{{ x }}{% endraw %}{% comment %}{{ y {% endcomment %}", "7{{ x }}");
    check("a  {{- n -}}  b", "a10b");
    // Missing values
    check("{{ customer.zzz }}", "missing: customer.zzz");
    check("{{ customer.nick }} {{ zzz.a.b }} {{ customer.nick }}", "missing: customer.nick, zzz.a.b");
    check("{{ customer.nick | default: 'bạn' }}", "bạn");
    check("{{ zzz | default: customer.nick | default: 'bạn' }}", "bạn");
    check("{{ zzz | default: customer.nick }}", "missing: customer.nick");
    check(
        "{{ customer.empty | default: 'bạn' }} {{ none | default: 'x' }} {{ b_false | default: 1 }}",
        "bạn x 1",
    );
    check("{{ b_false | default: 1, allow_false: true }}", "false");
    check("{{ customer.nick | upcase }}", "missing: customer.nick");
    check("{{ 'Chào ' | append: customer.nick }}", "missing: customer.nick");
    check("{{ 'Chào ' | append: customer.nick | default: 'Chào bạn' }}", "Chào bạn");
    check("{% assign x = customer.nick %}{{ x }}", "missing: customer.nick");
    check("{% assign x = 'Chào ' | append: customer.nick %}{{ x }}", "missing: customer.nick");
    check("{% assign x = zzz | size %}{% if x == 0 %}không{% endif %}", "không");
    check("{{ zzz | size }}", "missing: zzz");
    check("{{ cart.items[9].name }}", "missing: cart.items[9].name");
    check("{{ none | first }}", "missing: none");
    check("{% for item in cart.items %}{{ item.tag }}{% endfor %}", "missing: cart.items[].tag");
    check("{% for item in cart.items %}{{ item.zzz | default: '-' }}{% endfor %}", "---");
    check("{{ nil }}|{{ null }}", "|");
    // Conditions
    check("{% if zzz.a.b %}T{% else %}F{% endif %}", "F");
    check("{% if customer.empty %}T{% else %}F{% endif %}", "T");
    check("{% if b_false %}T{% else %}F{% endif %}", "F");
    check("{% unless customer.vip %}T{% else %}F{% endunless %}", "F");
    check("{% if n < 3 %}a{% elsif n >= 10 %}b{% else %}c{% endif %}", "b");
    check("{% if zzz == nil %}1{% endif %}{% if customer.nick == null %}2{% endif %}", "12");
    check("{% if customer.empty == blank %}1{% endif %}{% if blank == blank %}2{% endif %}", "12");
    check("{% if customer.empty == empty %}1{% endif %}{% if none == empty %}2{% endif %}", "12");
    check("{% if zzz == empty %}1{% endif %}{% if zzz == blank %}2{% endif %}", "2");
    check("{% if zzz > 1 %}T{% else %}F{% endif %}{% if zzz <= 1 %}T{% else %}F{% endif %}", "FF");
    check("{% if zzz != 'x' %}T{% endif %}{% if s <> 'x' %}T{% endif %}", "TT");
    check("{% if n == '10' %}T{% else %}F{% endif %}{% if n == 10.0 %}T{% endif %}", "FT");
    check("{% if s contains 'World' %}T{% endif %}{% if customer.tags contains 'b' %}T{% endif %}", "TT");
    check("{% if zzz contains 'x' %}T{% else %}F{% endif %}", "F");
    check("{% if s > 'A' %}T{% endif %}{% if s > 1 %}T{% else %}F{% endif %}", "TF");
    check("{% if true or false and false %}T{% else %}F{% endif %}", "T");
    check("{% if false and false or true %}T{% else %}F{% endif %}", "F");
    check("{% case n %}{% when 1, 2 %}a{% when 9 or 10 %}b{% else %}c{% endcase %}", "b");
    check("{% case zzz %}{% when 'x' %}a{% else %}c{% endcase %}", "c");
    // Loops
    check(
        "{% for i in cart.items %}{{ forloop.index }}{{ i.name }}{% unless forloop.last %},{% endunless %}{% endfor %}",
        "1Áo,2Quần,3Nón",
    );
    check(
        "{% for i in zzz.items %}x{% else %}none{% endfor %}{% for i in none %}x{% else %}none{% endfor %}",
        "nonenone",
    );
    check(
        "{% for i in (1..3) %}{{ i }}{% endfor %}{% for i in (i..n) limit: 2 %}-{{ i }}{% endfor %}",
        "123-1-2",
    );
    check("{% for i in (3..1) %}x{% else %}e{% endfor %}", "e");
    check("{% for i in (1..9) limit: 3 offset: 2 %}{{ i }}{% endfor %}", "345");
    check("{% for i in (1..9) reversed, limit: 3 %}{{ i }}{% endfor %}", "321");
    check(
        "{% for i in (1..9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}!",
        "134!",
    );
    check(
        "{% for i in (1..2) %}{% for j in (1..2) %}{{ forloop.parentloop.index }}{{ j }} {% endfor %}{% endfor %}",
        "11 12 21 22 ",
    );
    check("{% for p in customer.attributes %}{{ p[0] }}={{ p[1] }}{% endfor %}", "size áo=M");
    check("{% for c in s %}[{{ c }}]{% endfor %}", "[Hello World]");
    check(
        "{% for i in (1..4) %}{% cycle 'a', 'b' %}{% endfor %}{% cycle 'g': 1, 2 %}{% cycle 'g': 1, 2 %}",
        "abab12",
    );
    check(
        "{% for i in cart.items %}{% ifchanged %}{{ i.tag | default: '-' }}{% endifchanged %}{% endfor %}",
        "top-top",
    );
    check(
        "{% tablerow i in (1..3) cols: 2 %}{{ i }}{% endtablerow %}",
        "<tr class=\"row1\">\n<td class=\"col1\">1</td><td class=\"col2\">2</td></tr>\n<tr class=\"row2\"><td class=\"col1\">3</td></tr>\n",
    );
    // Names
    check("{% assign x = n | plus: 1 %}{{ x }}{% capture y %}<{{ x }}>{% endcapture %}{{ y }}", "11<11>");
    check("{% for i in (1..2) %}{% assign last = i %}{% endfor %}{{ last }}", "2");
    check("{% increment c %}{% increment c %}{% decrement d %}", "01-1");
    check(
        "{% assign items = cart.items | where: 'tag', 'top' %}{% for i in items %}{{ i.name }}{% endfor %}",
        "ÁoNón",
    );
    check("{% echo s | upcase %}", "HELLO WORLD");
    check(
        "{{ customer }}",
        "stopped: body, line 1: a group of values cannot be printed: name one of its fields",
    );
}

#[test]
fn filters() {
    let context = shop();
    let check = |source: &str, expect: &str| {
        assert_eq!(text_of(&format!("{{{{ {source} }}}}"), &context), expect, "{source}");
    };
    check("'a' | append: 'b' | prepend: 'c'", "cab");
    check("'tiếng VIỆT' | capitalize", "Tiếng việt");
    check("'Đà' | upcase", "ĐÀ");
    check("'ĐÀ' | downcase", "đà");
    check("' a ' | strip | size", "1");
    check("' a ' | lstrip | append: '|'", "a |");
    check("' a ' | rstrip", " a");
    check("'a b a' | replace: 'a', 'x'", "x b x");
    check("'a b a' | replace_first: 'a', 'x'", "x b a");
    check("'a b a' | replace_last: 'a', 'x'", "a b x");
    check("'a b a' | remove: 'a'", " b ");
    check("'a b a' | remove_first: 'a '", "b a");
    check("'abc' | replace: '', '-'", "-a-b-c-");
    check("'a,b,,' | split: ',' | join: '-'", "a-b");
    check("' a  b ' | split: ' ' | join", "a b");
    check("'ớt' | split: '' | join: '.'", "ớ.t");
    check("'Xin chào' | slice: 4, 2", "ch");
    check("'Xin chào' | slice: -4, 9", "chào");
    check("'abc' | slice: 9", "");
    check("'Xin chào các bạn' | truncate: 11", "Xin chào...");
    check("'Xin chào' | truncate: 8", "Xin chào");
    check("'abcdef' | truncate: 4, '…'", "abc…");
    check("'a b c' | truncatewords: 2", "a b...");
    check("'a  b' | squish", "a b");
    check("'a b/đ~' | url_encode", "a+b%2F%C4%91~");
    check("'a b' | url_escape", "a%20b");
    check("'a+b%2F%C4%91%zz' | url_decode", "a b/đ%zz");
    check("html | strip_html", "&amp; x");
    check("html | escape", "&lt;b&gt;&amp;amp; x&lt;/b&gt;");
    check("html | escape_once", "&lt;b&gt;&amp; x&lt;/b&gt;");
    check("'a' | newline_to_br", "a");
    check("s | size", "11");
    check("customer.tags | size", "2");
    check("10 | plus: 1.5", "11.5");
    check("'3' | plus: '4'", "7");
    check("'x' | plus: 1", "1");
    check("0.1 | times: 3", "0.3");
    check("9223372036854775807 | plus: 1", "9223372036854776000");
    check("10 | divided_by: 4", "2");
    check("-7 | divided_by: 2", "-4");
    check("10 | divided_by: 4.0", "2.5");
    check("-7 | modulo: 3", "2");
    check("10 | minus: 3 | abs", "7");
    check("2.5 | round", "3");
    check("2.345 | round: 2", "2.35");
    check("2.1 | ceil", "3");
    check("2.9 | floor", "2");
    check("4 | at_least: 5 | at_most: 3", "3");
    check("n | divided_by: 0", "stopped: body, line 1: filter `divided_by`: cannot divide by zero");
}

#[test]
fn list_filters() {
    let context = shop();
    let check = |source: &str, expect: &str| {
        assert_eq!(text_of(&format!("{{{{ {source} }}}}"), &context), expect, "{source}");
    };
    check("cart.items | map: 'name' | join: ', '", "Áo, Quần, Nón");
    check("cart.items | map: 'name' | sort | join: ' '", "Nón Quần Áo");
    check("cart.items | sort: 'price' | map: 'name' | join: ' '", "Nón Quần Áo");
    check("'b,A,c' | split: ',' | sort_natural | join: ''", "Abc");
    check("'b,A,b' | split: ',' | uniq | reverse | join: ''", "Ab");
    check("cart.items | uniq: 'tag' | map: 'name' | join: ' '", "Áo Quần");
    check("cart.items | sum: 'price'", "240000.5");
    check("cart.items | where: 'tag' | size", "2");
    check("cart.items | reject: 'tag', 'top' | map: 'name'", "Quần");
    check("cart.items | compact: 'tag' | size", "2");
    check("cart.items | map: 'tag' | compact | size", "2");
    check("customer.tags | concat: customer.tags | join: ''", "abab");
    check("customer.tags | first | append: '!'", "a!");
    check("customer.tags | last", "b");
    check("(1..5) | slice: 1, 2 | join: ','", "2,3");
    check(
        "cart.items | join",
        "stopped: body, line 1: filter `join`: the list holds groups of values: `map` it to one of their fields first",
    );
}

#[test]
fn filters_for_vietnamese_shops() {
    let mut context = shop();
    let check = |context: &Json, source: &str, expect: &str| {
        let text = text_of(&format!("{{{{ {source} }}}}"), context).replace('\u{a0}', " ");
        assert_eq!(text, expect, "{source}");
    };
    check(&context, "1234567 | money", "1.234.567 ₫");
    check(&context, "cart.items[1].price | money", "90.001 ₫");
    check(&context, "'199.000' | money", "199.000 ₫");
    check(&context, "12.5 | money: 'USD'", "12.50 USD");
    check(&context, "12 | money: 'usd'", "12.00 USD");
    check(&context, "'x' | money", "stopped: body, line 1: filter `money`: not an amount of money: x");
    check(
        &context,
        "1 | money: 'đồng'",
        "stopped: body, line 1: filter `money`: a currency is three letters, such as VND",
    );
    check(&context, "customer.name | given_name", "Lan");
    check(&context, "'  Lan  ' | given_name", "Lan");
    check(&context, "customer.phone | phone", "0912 345 678");
    check(&context, "'0912.345.678' | phone", "0912 345 678");
    check(&context, "'84 24 3825 0000' | phone", "024 3825 0000");
    check(&context, "'+1 202 555 0100' | phone", "+1 202 555 0100");
    check(&context, "'ớ84' | phone", "ớ84");
    check(&context, "at_ms | date_vn", "01/01/2026");
    check(&context, "at_iso | date_vn", "01/01/2026");
    check(&context, "on | date_vn", "01/01/2026");
    check(&context, "'2026-01-05 10:11:12 +0000' | date: '%H:%M'", "17:11");
    check(&context, "1767200400 | date: '%H:%M %d/%m/%Y'", "00:00 01/01/2026");
    check(&context, "'hôm nay' | date_vn", "hôm nay");
    check(
        &context,
        "'now' | date: '%Y'",
        "stopped: body, line 1: filter `date`: the time of sending is not known here",
    );
    check(&context, "on | date: '%!'", "stopped: body, line 1: filter `date`: `%!` is not a date format");
    context["shop"] = json!({"timezone": "America/New_York", "currency": "USD"});
    check(&context, "at_ms | date: '%d/%m %H:%M'", "31/12 12:00");
    check(&context, "on | date_vn", "01/01/2026");
    check(&context, "5 | money", "5.00 USD");
    context["shop"]["timezone"] = json!("Mars/Olympus");
    check(
        &context,
        "at_ms | date_vn",
        "stopped: body, line 1: filter `date_vn`: there is no time zone `Mars/Olympus`",
    );
    let options = RenderOptions {
        now: Some(kit::Timestamp::from_ms(0)),
        time_zone: Some("UTC".into()),
        ..Default::default()
    };
    let rendered = compile(&text_template("{{ 'now' | date: '%Y-%m-%d' }}")).render(&context, &options);
    assert_eq!(rendered.unwrap().text, "1970-01-01");
}

#[test]
fn html_escapes_values_once() {
    let context = json!({
        "x": "<script>alert('1')</script>&amp;", "br": "a\n<b>", "list": ["<", ">"], "html": "<b>x</b>",
    });
    let check = |source: &str, expect: &str| assert_eq!(html_of(source, &context), expect, "{source}");
    let escaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;";
    check("<p>{{ x }}</p>", &format!("<p>{escaped}</p>"));
    check("<p title=\"{{ x }}\">", &format!("<p title=\"{escaped}\">"));
    check("{{ x | escape }}", escaped);
    check("{{ x | escape | escape }}", escaped);
    check("{{ x | append: '' | upcase | downcase }}", escaped);
    check("{{ html | raw }}", "<b>x</b>");
    check("{{ html | raw | append: html }}", "<b>x</b>&lt;b&gt;x&lt;/b&gt;");
    check("{{ html | prepend: html | size }}", "16");
    check("{{ html | raw | replace: 'x', html }}", "<b>&lt;b&gt;x&lt;/b&gt;</b>");
    check("{{ html | raw | upcase }}", "&lt;B&gt;X&lt;/B&gt;");
    check("{% capture c %}<i>{{ html }}</i> {% endcapture %}{{ c | strip }}", "<i>&lt;b&gt;x&lt;/b&gt;</i>");
    check("{% assign c = html %}{{ c }}", "&lt;b&gt;x&lt;/b&gt;");
    check("{{ br | newline_to_br }}", "a<br />\n&lt;b&gt;");
    check("{{ html | strip_html }}", "x");
    check("{{ x | strip_html }}", "&amp;");
    check("{{ list }}{{ list | join: '&' }}", "&lt;&gt;&lt;&amp;&gt;");
    check("{% for i in list %}{{ i }}{% endfor %}{% cycle html, 1 %}", "&lt;&gt;&lt;b&gt;x&lt;/b&gt;");
    check("{% for i in html %}{{ i }}{% endfor %}", "&lt;b&gt;x&lt;/b&gt;");
}

#[test]
fn values_stay_out_of_places_that_escaping_cannot_save() {
    let check = |source: &str, expect: &str| {
        let found = problems(&html_template(source));
        assert!(found.iter().any(|problem| problem.contains(expect)), "{source}: {found:?}");
    };
    check("<a href={{ url }}>", "line 1: put quotes around this value");
    check("<p\n class=x-{{ a }}>", "line 2: put quotes");
    check("<p {{ attributes }}>", "must stand in quotes");
    check("<p {% cycle 'a', 'b' %}>", "must stand in quotes");
    check("<{{ tag }}>x</{{ tag }}>", "");
    check("<h{{ level }}>", "name of an element");
    check("</h{{ level }}>", "name of an element");
    check("<p onclick=\"x('{{ a }}')\">", "script");
    check("<script>var x = '{{ a }}'</script>", "script");
    check("<iframe srcdoc='{{ a }}'>", "srcdoc");
    check("<a href='x' {{ a }}", "has no `>`");
    for fine in [
        "<p {{ trusted | raw }}>",
        "<p class=\"{% if a %}x{% endif %}\">{{ b }}</p>",
        "<p {% if a %}class=\"x\"{% endif %}>",
        "<style>p { color: {{ colour }} }</style>",
        "<a href='{{ url }}?x={{ y }}'>1 < {{ n }}</a>",
    ] {
        assert_eq!(problems(&html_template(fine)), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn addresses_from_values_cannot_run_scripts() {
    for address in
        ["javascript:alert(1)", "JAVA\tSCRIPT:alert(1)", "data:text/html;base64,x", "\u{1}javascript:x"]
    {
        let html = html_of("<a href=\"{{ u }}\">x</a><img src='{{ u }}'>", &json!({ "u": address }));
        assert_eq!(html, "<a href=\"#\">x</a><img src=\"#\">", "{address:?}");
    }
}

#[test]
fn headers_are_one_line() {
    let check = |value: &str, expect: &str| {
        let source = TemplateSource {
            subject: "Chào {{ name }}!\n".into(),
            preheader: "{{ name }}".into(),
            body: Body::Html("<p>".into()),
            text: None,
        };
        let rendered = compile(&source).render(&json!({ "name": value }), &RenderOptions::default()).unwrap();
        assert_eq!(rendered.subject, format!("Chào {expect}!"), "{value:?}");
        assert_eq!(rendered.preheader, expect, "{value:?}");
    };
    check("Lan", "Lan");
    check("<Lan> & \"co\"", "<Lan> & \"co\"");
    check("a\r\nBcc: x@y.vn", "a Bcc: x@y.vn");
    check("a\u{0}\u{85}\u{2028}b", "a b");
    check("a\u{202e}b", "ab");
}

const CART: &str = r#"{% assign shown = cart.items | slice: 0, 2 %}
<mjml>
  <mj-head><mj-title>{{ shop.name }}</mj-title></mj-head>
  <mj-body>
    {% if cart.total < 300000 %}
    <mj-section><mj-column><mj-text>Chào {{ customer.name | given_name }}, chỉ {{ cart.total | money }}</mj-text></mj-column></mj-section>
    {% endif %}
    {%- for item in shown -%}
    <mj-section>
      {% if item.price > 1 and item.price < 100000 %}<mj-column><mj-text>rẻ</mj-text></mj-column>{% endif %}
      <mj-column>
        <mj-text><a href="https://shop.vn/p?n={{ item.name | url_encode }}&amp;a=1">{{ item.name }}</a></mj-text>
        {% if forloop.last %}<mj-button href="{{ cart.url | default: "https://shop.vn/cart" }}">Mua</mj-button>{% endif %}
      </mj-column>
    </mj-section>
    {% endfor %}
    <mj-raw><p>{% if 1 < 2 %}thô{% endif %}</p></mj-raw>
    <mj-section><mj-column><mj-table>{% for i in shown %}<tr><td>{{ i.name }}</td></tr>{% endfor %}</mj-table></mj-column></mj-section>
  </mj-body>
</mjml>
"#;

#[test]
fn mjml_keeps_liquid_between_and_inside_elements() {
    let mut context = shop();
    context["shop"] = json!({"name": "Tiệm <Lụa>"});
    let template = compile(&mjml_template(CART));
    let rendered = template.render(&context, &RenderOptions::default()).unwrap();
    let html = rendered.html.unwrap();
    assert!(html.starts_with("<!doctype html>"), "{}", &html[..80]);
    assert!(html.contains("<title>Tiệm &lt;Lụa&gt;</title>"), "{html}");
    assert!(!html.contains("lqmark") && !html.contains("{%") && !html.contains("<mj-"), "{html}");
    assert_eq!(
        rendered.text.replace('\u{a0}', " "),
        "Chào Lan, chỉ 240.000 ₫\nÁo (https://shop.vn/p?n=%C3%81o&a=1)\nrẻ\nQuần (https://shop.vn/p?n=Qu%E1%BA%A7n&a=1)\n\
         Mua (https://shop.vn/cart)\n\nthô\n\nÁo\nQuần"
    );
    assert_eq!(
        rendered.links,
        ["https://shop.vn/p?n=%C3%81o&a=1", "https://shop.vn/p?n=Qu%E1%BA%A7n&a=1", "https://shop.vn/cart"]
    );
    assert_eq!(
        template.variables(),
        [
            "cart.items",
            "cart.items[].name",
            "cart.items[].price",
            "cart.total",
            "cart.url",
            "customer.name",
            "shop.name"
        ]
    );
}

#[test]
fn mjml_elements_can_be_left_untracked() {
    let source = "<mjml><mj-body><mj-section><mj-column><mj-button data-no-track href='https://a.vn'>a</mj-button>\
                  <mj-image data-no-track='' href='https://b.vn' src='x'/><mj-button href='https://c.vn'>c</mj-button>\
                  </mj-column></mj-section></mj-body></mjml>";
    let options =
        RenderOptions { rewrite_link: Some(&|_, _| "https://t.vn".into()), ..RenderOptions::default() };
    let rendered = compile(&mjml_template(source)).render(&json!({}), &options).unwrap();
    assert_eq!(rendered.links, ["https://c.vn"]);
    assert!(!rendered.html.unwrap().contains("data-no-track"));
    assert_eq!(rendered.text, "a (https://a.vn)\nhttps://b.vn\nc (https://t.vn)");
}

#[test]
fn problems_name_the_place_the_line_and_the_way_out() {
    let check = |source: TemplateSource, expect: &[&str]| assert_eq!(problems(&source), expect, "{source:?}");
    let text = |source: &str, expect: &str| check(text_template(source), &[expect]);
    text("\n{{ a | upcas }}", "body, line 2: there is no filter `upcas`: did you mean `upcase`?");
    text("{{ a | zzzzzz }}", "body, line 1: there is no filter `zzzzzz`");
    text("{{ a | append }}", "body, line 1: the filter `append` takes one value: `append: ...`, not 0");
    text("{{ a | money: 1, 2 }}", "body, line 1: the filter `money` takes 0 to 1 values, not 2");
    text("{{ }}", "body, line 1: `{{ }}` is empty: write a variable in it");
    text("{{ a b }}", "body, line 1: `b` is not expected here: remove it or what stands before it");
    text("{{ 'a }}", "body, line 1: the text 'a has no closing '");
    text("{{ a.b. }}", "body, line 1: a name is expected where the end stands");
    text("{{ 99999999999999999999 }}", "body, line 1: the number 99999999999999999999 is too large");
    text("{% if a = 1 %}{% endif %}", "body, line 1: write `==` to compare");
    text(
        "{% if a | size > 1 %}{% endif %}",
        "body, line 1: filters cannot stand in a condition: `assign` the value first",
    );
    text(
        "{% if (a) %}{% endif %}",
        "body, line 1: `)` is not expected in `( )`: Liquid knows round brackets only for ranges such as (1..5)",
    );
    text("x\n{% if a %}", "body, line 2: `{% if %}` has no end: add `{% endif %}`");
    text(
        "{% endif %}",
        "body, line 1: `{% endif %}` has no beginning: remove it or add the tag that opens it",
    );
    text(
        "{% for a in b %}\n{% endif %}",
        "body, line 2: `{% endif %}` stands where `{% for %}` of line 1 is still open: add `{% endfor %}` before it",
    );
    text("{% if a %}{% else if b %}{% endif %}", "body, line 1: write `elsif` instead of `else if`");
    text("{% if a %}{% elseif b %}{% endif %}", "body, line 1: write `elsif` instead of `elseif`");
    text("{% for a of b %}{% endfor %}", "body, line 1: write `for a in list`");
    text("{% assign a: 1 %}", "body, line 1: write `assign name = value`");
    text("{% zzz %}", "body, line 1: there is no tag `{% zzz %}`");
    text(
        "{% include 'x' %}",
        "body, line 1: `{% include %}` is not available: paste the content here instead",
    );
    text("{% render 'x' %}", "body, line 1: `{% render %}` is not available: paste the content here instead");
    text(
        "{% for i in (1..1001) %}{% endfor %}",
        "body, line 1: a range may hold 1000 numbers: make (1..1001) smaller",
    );
    check(
        TemplateSource {
            subject: "{{".into(),
            preheader: "{% x %}".into(),
            body: Body::Html("{{ a|b }}\n{{ c| }}".into()),
            text: Some("{{ }}".into()),
        },
        &[
            "subject, line 1: `{{` is never closed: add `}}`",
            "preheader, line 1: there is no tag `{% x %}`",
            "body, line 1: there is no filter `b`",
            "body, line 2: a filter's name is expected where the end stands",
            "text, line 1: `{{ }}` is empty: write a variable in it",
        ],
    );
    let mjml = |source: &str, expect: &str| check(mjml_template(source), &[expect]);
    mjml("", "body: the body is not MJML: it must begin with `<mjml>` and end with `</mjml>`");
    mjml(
        "<mjml>\n<mj-body>\n{% if a\n< 1 %}{% endif %}\n<mj-nothing/></mj-body></mjml>",
        "body, line 5: there is no element `<mj-nothing>`: check its name",
    );
    mjml(
        "<mjml>\n<mj-body>{% if a %}<mj-section>{% endif %}</mj-body></mjml>",
        "body, line 2: `</mj-body>` stands where `<mj-section>` of line 2 is still open",
    );
    mjml(
        "<mjml><mj-body>\n<mj-text a=<>x</mj-text></mj-body></mjml>",
        "body, line 2: the MJML is not well formed: check `<`, quotes and closing tags here",
    );
    mjml("<mjml><mj-body>", "body, line 1: `<mj-body>` is never closed: add `</mj-body>`");
    mjml(
        "<mjml><mj-head>\n{% if a %}<mj-title>x</mj-title>{% endif %}</mj-head></mjml>",
        "body, line 2: Liquid cannot stand directly in `<mj-head>`: put it around the whole element or inside one",
    );
    mjml(
        "<mjml><mj-body><mj-section {% if a %}padding='0'{% endif %}></mj-section></mj-body></mjml>",
        "body, line 1: Liquid can stand in the value of an attribute, not between attributes: write `name=\"{% if ... %}...{% endif %}\"`",
    );
    mjml(
        "<mjml><mj-body><mj-include path='x'/></mj-body></mjml>",
        "body, line 1: `<mj-include>` is not available: paste the content here",
    );
}

#[test]
fn bombs_end_with_a_reason() {
    let context =
        json!({"big": 1_000_000_000_000i64, "x": "0123456789abcdef", "list": (0..200).collect::<Vec<_>>()});
    let check = |source: &str, expect: &str| {
        let text = text_of(source, &context);
        let shown: String = text.chars().take(200).collect();
        assert!(text.starts_with("stopped: ") && text.contains(expect), "{source}: {shown}");
    };
    let nested = "{% for a in (1..1000) %}{% for b in (1..1000) %}{% for c in (1..1000) %}{% endfor %}{% endfor %}{% endfor %}";
    check(nested, "the loops turn more than 20000 times");
    check(
        "{% for a in (1..1000) %}{% tablerow b in (1..1000) %}{% endtablerow %}{% endfor %}",
        "the loops turn more",
    );
    check("{% for a in (1..big) %}{% endfor %}", "a range holds more than 1000 numbers: (1..1000000000000)");
    check("{% for a in (-9223372036854775807..big) %}{% endfor %}", "a range holds more");
    check("{% for a in (1..100) %}{% assign x = x | append: x %}{% endfor %}", "a value grows above 256 KiB");
    check("{% for a in (1..100) %}{% assign x = x | prepend: x %}{% endfor %}", "a value grows");
    check("{% for a in (1..100) %}{% assign x = x | replace: '0', x %}{% endfor %}", "a value grows");
    check(
        "{% for a in (1..100) %}{% capture x %}{{ x }}{{ x }}{% endcapture %}{% endfor %}",
        "a value grows",
    );
    check(
        "{% for a in (1..100) %}{% assign list = list | concat: list %}{% endfor %}",
        "a list grows above 10000 items",
    );
    check("{% for a in (1..1000) %}{% assign t = list | join: x | split: '' %}{% endfor %}", "");
    check("{% for a in (1..1000) %}{% assign t = list | sort | uniq | reverse %}{% endfor %}", "");
    check(
        "{% for a in (1..1000) %}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{% for b in (1..15) %}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}{% endfor %}{% endfor %}",
        "the text grows above 1024 KiB",
    );
    let flat =
        format!("{{% for a in (1..1000) %}}{}{{% endfor %}}", "{% if a == 0 %}{% endif %}".repeat(2000));
    check(&flat, "too much to compute");
    let big_text = format!(
        "{{% assign t = x %}}{{% for a in (1..14) %}}{{% assign t = t | append: t %}}{{% endfor %}}{{% for a in (1..1000) %}}{}{{% endfor %}}",
        "{% if t contains 'zz' %}{% endif %}".repeat(20)
    );
    check(&big_text, "too much to compute");
}

#[test]
fn oversized_sources_are_refused() {
    let check = |source: TemplateSource, expect: &str| {
        let found = problems(&source);
        assert!(found.iter().any(|problem| problem.contains(expect)), "{expect}: {found:?}");
    };
    check(text_template(&"x".repeat(300_000)), "longer than 256 KiB");
    check(text_template(&"{% if a %}".repeat(20_000)), "more than 32 blocks inside each other");
    check(text_template(&format!("{{{{ {} }}}}", "a[".repeat(50_000))), "more than 8 `[`");
    check(text_template(&format!("{{{{ {} }}}}", "(".repeat(50_000))), "too many `(`");
    check(text_template(&format!("{{{{ a {} }}}}", "| upcase".repeat(40))), "more than 32 filters");
    check(
        text_template(&format!("{{% if a {} %}}{{% endif %}}", "and a ".repeat(70))),
        "more than 64 comparisons",
    );
    let names: String = (0..300).map(|n| format!("{{% assign a{n} = 1 %}}")).collect();
    check(text_template(&names), "more than 256 names");
    check(mjml_template(&format!("<mjml><mj-body>{}", "<mj-wrapper>".repeat(20_000))), "inside each other");
    check(
        mjml_template(&format!("<mjml><mj-body>{}</mj-body></mjml>", "<mj-spacer/>".repeat(10_000))),
        "more than 3000 elements",
    );
    check(
        mjml_template(&format!("<mjml><mj-body><mj-image src='{}'/></mj-body></mjml>", "x".repeat(9_000))),
        "upload images",
    );
    let defaults: String = (0..20).map(|n| format!("<mj-all a{n}='{}'/>", "x".repeat(8_000))).collect();
    let body = "<mj-spacer/>".repeat(2_500);
    check(
        mjml_template(&format!(
            "<mjml><mj-head><mj-attributes>{defaults}</mj-attributes></mj-head><mj-body>{body}</mj-body></mjml>"
        )),
        "`mj-attributes` sets too much",
    );
    let long_subject = TemplateSource { subject: "{{ x }}".into(), ..TemplateSource::default() };
    let error = compile(&long_subject)
        .render(&json!({"x": "a".repeat(5_000)}), &RenderOptions::default())
        .unwrap_err();
    assert_eq!(error.to_string(), "subject: longer than 2048 bytes with its values");
}

#[test]
fn what_the_limits_allow_works() {
    use limits::*;
    let nested =
        |open: &str, close: &str, depth: usize| format!("{}x{}", open.repeat(depth), close.repeat(depth));
    let blocks = |depth| nested("{% for i in (1..1) %}", "{% endfor %}", depth);
    assert_eq!(text_of(&blocks(BLOCK_NESTING_MAX), &json!({})), "x");
    assert_eq!(problems(&text_template(&blocks(BLOCK_NESTING_MAX + 1))).len(), 1);
    // The elements around it: mjml, mj-body, mj-section, mj-column, mj-text.
    let texts = |depth| {
        let inside = nested("<div>", "</div>", depth - 5);
        mjml_template(&format!(
            "<mjml><mj-body><mj-section><mj-column><mj-text>{inside}</mj-text></mj-column></mj-section></mj-body></mjml>"
        ))
    };
    assert_eq!(problems(&texts(MJML_NESTING_MAX)), Vec::<String>::new());
    assert_eq!(problems(&texts(MJML_NESTING_MAX + 1)).len(), 1);
    let wrappers = nested("<mj-wrapper>", "</mj-wrapper>", MJML_NESTING_MAX - 2).replace('x', "");
    assert_eq!(
        problems(&mjml_template(&format!("<mjml><mj-body>{wrappers}</mj-body></mjml>"))),
        Vec::<String>::new()
    );
    let turns = format!(
        "{{% for i in (1..{}) %}}{{% for j in (1..18) %}}{{% endfor %}}{{% endfor %}}x",
        RANGE_WIDTH_MAX
    );
    assert_eq!(text_of(&turns, &json!({})), "x");
}

#[test]
fn a_message_is_complete() {
    let source = TemplateSource {
        subject: "Giỏ hàng của {{ customer.name | given_name }}".into(),
        preheader: "Còn <hàng>".into(),
        body: Body::Html(
            "<html><body class=x><p>Xem <a href=\"https://shop.vn/a?b=1&amp;c=2#d\">giỏ</a>, <a href='https://shop.vn/a?b=1&amp;c=2#d'>lại</a>\
             <a data-no-track href='https://shop.vn/policy'>chính sách</a> <a href=\"{{ unsubscribe_url }}\">ngừng</a></p></body></html>"
                .into(),
        ),
        text: Some("Xem https://shop.vn/b, https://shop.vn/policy hoặc {{ unsubscribe_url }}.".into()),
    };
    let template = compile(&source);
    assert!(template.uses_unsubscribe_link());
    assert!(!compile(&text_template("{{ view_url }}")).uses_unsubscribe_link());
    let rewrite = |index: usize, url: &str| {
        assert!(url.starts_with("https://shop.vn/"));
        format!("https://t.vn/{index}")
    };
    let options = RenderOptions {
        utm: Some(Utm { source: Some("quaylai".into()), medium: Some("email".into()), ..Utm::default() }),
        rewrite_link: Some(&rewrite),
        open_pixel_url: Some("https://t.vn/o?a=1&b=2".into()),
        footer: Some(Footer { html: "<p><a href=\"https://f.vn\">f</a></p>".into(), text: "-- f".into() }),
        ..RenderOptions::default()
    };
    let context = json!({"customer": {"name": "Trần Văn Bình"}, "unsubscribe_url": "https://t.vn/u?p=1&s=2"});
    let rendered = template.render(&context, &options).unwrap();
    assert_eq!(rendered.subject, "Giỏ hàng của Bình");
    assert_eq!(
        rendered.links,
        [
            "https://shop.vn/a?b=1&c=2&utm_source=quaylai&utm_medium=email#d",
            "https://shop.vn/b?utm_source=quaylai&utm_medium=email"
        ]
    );
    let html = rendered.html.unwrap().replace("&zwnj;&nbsp;", "");
    assert_eq!(
        html,
        "<html><body class=x><div style=\"display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;\
         opacity:0;overflow:hidden;mso-hide:all\">Còn &lt;hàng&gt;</div><p>Xem <a href=\"https://t.vn/0\">giỏ</a>, \
         <a href=\"https://t.vn/0\">lại</a><a href='https://shop.vn/policy'>chính sách</a> \
         <a href=\"https://t.vn/u?p=1&amp;s=2\">ngừng</a></p><p><a href=\"https://f.vn\">f</a></p>\
         <img src=\"https://t.vn/o?a=1&amp;b=2\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">\
         </body></html>"
    );
    assert_eq!(
        rendered.text,
        "Xem https://t.vn/1, https://shop.vn/policy hoặc https://t.vn/u?p=1&s=2.\n\n-- f"
    );
}

#[test]
fn previews_list_what_is_missing() {
    let source = TemplateSource { subject: "{{ a.b }}!".into(), ..html_template("<p>{{ c }}</p>{{ a.b }}") };
    let options = RenderOptions { allow_missing: true, ..RenderOptions::default() };
    let rendered = compile(&source).render(&json!({}), &options).unwrap();
    assert_eq!(rendered.missing, ["a.b", "c"]);
    assert_eq!((rendered.subject.as_str(), rendered.html.as_deref()), ("!", Some("<p></p>")));
    let error = compile(&source).render(&json!({}), &RenderOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "no value for a.b, c");
}

#[test]
fn variables_are_those_from_outside() {
    let check = |source: &str, expect: &[&str]| {
        assert_eq!(compile(&text_template(source)).variables(), expect, "{source}");
    };
    check("{{ a.b }}{{ a['c'] }}{{ a[d.e].f }}", &["a.b", "a.c", "a[].f", "d.e"]);
    check(
        "{% for i in cart.items %}{{ i.name }}{{ forloop.index }}{% for o in i.options %}{{ o }}{% endfor %}{% endfor %}{{ i.x }}",
        &["cart.items", "cart.items[].name", "cart.items[].options", "cart.items[].options[]", "i.x"],
    );
    check("{% assign a = b.c %}{{ a.d }}{% assign e = f | upcase %}{{ e }}", &["b.c", "b.c.d", "f"]);
    check(
        "{{ a }}{% capture 'a' %}{% endcapture %}{% for x in c[0] %}{{ x.d }}{% endfor %}",
        &["a", "c[0]", "c[0][].d"],
    );
    check("{% capture a %}{{ b }}{% endcapture %}{{ a }}{% increment n %}{{ n }}", &["b"]);
    check(
        "{% for i in (1..n) limit: m %}{{ i }}{% endfor %}{% if x contains y %}{% endif %}",
        &["m", "n", "x", "y"],
    );
}

#[test]
fn sources_are_json_documents() {
    let json = json!({"subject": "s", "body": {"kind": "mjml", "source": "<mjml/>"}});
    let source: TemplateSource = serde_json::from_value(json).unwrap();
    assert_eq!(source, TemplateSource { subject: "s".into(), ..mjml_template("<mjml/>") });
    assert_eq!(
        serde_json::to_value(&source).unwrap(),
        json!({"subject": "s", "preheader": "", "body": {"kind": "mjml", "source": "<mjml/>"}})
    );
}

#[test]
fn templates_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<CompiledTemplate>();
}

proptest! {
    /// Whatever a customer calls themselves, the HTML keeps the author's tags and gets no others.
    #[test]
    fn values_never_become_markup(value in "(\\PC|[<>\"'&\\n]|<script>|&lt;|javascript:|\\{\\{|-->){0,30}") {
        let source = "<p class=\"{{ v }}\" title='{{ v | upcase }}'>{{ v }}</p><!-- {{ v }} -->{{ v | truncate: 5 }}\
                      {% capture c %}{{ v }}{% endcapture %}{{ c | append: v | strip | replace: 'a', v }}\
                      {{ v | newline_to_br }}{{ v | strip_html }}{{ v | escape_once }}{{ v | split: '' | join: v }}\
                      {{ v | slice: 1, 9 | prepend: c }}{{ v | url_decode }}<a href=\"{{ v }}\">{{ v }}</a>";
        let count = |html: &str| {
            let tags = html::pieces(html).filter(|piece| !matches!(piece, html::Piece::Text(_)));
            tags.map(|piece| match piece {
                html::Piece::Open(tag) => {
                    let names: Vec<&str> = tag.attributes().map(|a| a.name).collect();
                    format!("{} {names:?}", tag.name)
                }
                html::Piece::Close(tag) => tag.source.to_owned(),
                html::Piece::Aside(_) => "!".to_owned(),
                other => other.source().to_owned(),
            }).filter(|shown| shown != "br []").collect::<Vec<_>>()
        };
        let harmless = html_of(source, &json!({"v": "x"}));
        let html = html_of(source, &json!({"v": value}));
        prop_assert_eq!(count(&html), count(&harmless), "{}", html);
    }

    /// No source makes the compiler or a render panic.
    #[test]
    fn any_source_is_handled(source in "(\\PC|\\{\\{|\\}\\}|\\{%|%\\}|-|\\| *[a-z]{3,6}|for i in a|endfor|if|endif|assign|raw|endraw|<p|<mjml>|<mj-body>|</|>|\"|'|\\n| ){0,40}") {
        for source in [text_template(&source), html_template(&source), mjml_template(&source)] {
            if let Ok(template) = source.compile() {
                let options = RenderOptions { allow_missing: true, ..RenderOptions::default() };
                let _ = template.render(&json!({"a": [1, "x"], "if": {}}), &options);
            }
        }
    }
}
