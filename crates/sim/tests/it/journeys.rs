//! Everything that starts a run, and the nodes that wait for more than an event: each story also with a crash at
//! every point.

use sim::scenario::check;

#[test]
fn who_enters_a_segment_starts() {
    check(
        r#"segment buyers: orders.count>=1
         journey thanks: on segment buyers -> send email:thanks -> exit
         journey miss: on segment buyers left -> send email:miss -> exit
         +0h  event an signup              +0h  event binh order order=b total=5 historical at=-9d
         +1h  event an order order=a total=5
         +3h  event an cancel order=a
         => 1h an email:thanks | 1h an exit(end) | 3h an email:miss | 3h an exit(end)"#,
    );
}

#[test]
fn a_segment_that_time_ends_starts_at_its_very_second() {
    check(
        r#"segment fresh: {"did":{"event":"Product Viewed","window":{"last":"2d"}}}
         journey back: on segment fresh left -> send email:back -> exit
         +0h  event an view        +5h event binh view        +20h event an view
         => 53h binh email:back | 53h binh exit(end) | 68h an email:back | 68h an exit(end)"#,
    );
}

#[test]
fn those_who_are_members_at_publishing_start_too_and_once() {
    check(
        r#"+0h  event an signup     +0h  event binh signup    +0h  identify binh city=Hue
         +1h  segment hue: city=Hue
         +2h  journey local: on segment hue existing (always) -> send email:local -> exit
         +3h  identify an city=Hue
         +4h  journey local: on segment hue existing (always) -> send email:local -> exit
         => 2h binh email:local | 2h binh exit(end) | 3h an email:local | 3h an exit(end)"#,
    );
}

#[test]
fn anniversaries_solar_and_lunar_yearly_and_monthly() {
    check(
        "start 2026-03-02T09:00
         journey year: on anniversary birthday 10:00 offset -1d -> send email:year -> exit
         journey moon: on anniversary birthday 10:00 lunar -> send email:moon -> exit
         journey month: on anniversary orders.first_at 08:00 month -> send email:month -> exit
         person an birthday=1990-03-20
         person ha birthday=--03-05
         2026-03-02T09:00 event an signup  2026-03-02T09:00 event ha signup
         2026-03-02T12:00 event ha order order=a total=5
         until 2026-05-05T00:00
         => 49h ha email:year | 49h ha exit(end) | 17d1h an email:year | 17d1h an exit(end)
            | 30d23h ha email:month | 30d23h ha exit(end) | 40d1h an email:moon | 40d1h an exit(end)
            | 50d1h ha email:moon | 50d1h ha exit(end) | 60d23h ha email:month | 60d23h ha exit(end)",
    );
}

#[test]
fn a_feast_comes_by_everybodys_own_clock() {
    check(
        "start 2026-02-09T09:00
         journey tet: on feast tet 09:00 offset -7d -> send email:tet -> exit
         journey march: on feast 03-08 08:30 -> send email:women -> exit
         person binh timezone=Asia/Tokyo
         person chi timezone=Europe/Paris
         person dung no-consent
         2026-02-09T09:00 event an signup      2026-02-09T09:00 event binh signup
         2026-02-09T09:00 event chi signup     2026-02-09T09:00 event dung signup
         until 2026-03-10T00:00
         => 22h binh email:tet | 22h binh exit(end) | 24h an email:tet | 24h an exit(end)
            | 30h chi email:tet | 30h chi exit(end) | 26d21h30m binh email:women | 26d21h30m binh exit(end)
            | 26d23h30m an email:women | 26d23h30m an exit(end) | 27d5h30m chi email:women
            | 27d5h30m chi exit(end)",
    );
}

#[test]
fn a_schedule_starts_the_members_of_the_hour() {
    check(
        r#"segment vip: tag:vip
         journey news: on schedule day 20:00 segment vip -> send email:news -> exit
         journey all: on schedule week 08:00 on thu -> send email:all -> exit
         journey tag: on signup -> tag +vip -> wait 30h -> tag -vip -> exit
         +0h  event an signup           +13h event binh signup
         +100h pause news               +130h resume news
         until +84h
         => 11h an email:news | 11h an exit(end) | 30h an exit(end) | 35h binh email:news | 35h binh exit(end)
            | 43h binh exit(end) | 71h an email:all | 71h an exit(end) | 71h binh email:all | 71h binh exit(end)"#,
    );
}

#[test]
fn a_schedule_that_was_missed_is_made_up_for_once() {
    check(
        "journey news: on schedule day 20:00 -> send email:news -> exit
         +0h  event an signup
         +12h down 60h
         until +84h
         => 11h an email:news | 11h an exit(end) | 72h an email:news | 72h an exit(end) | 83h an email:news
            | 83h an exit(end)",
    );
}

#[test]
fn a_number_that_passes_a_threshold_starts_each_time() {
    check(
        "journey vip: on threshold orders.revenue 1000 -> send email:vip -> exit
         journey low: on threshold attributes.score 3 down -> send email:low -> exit
         +0h  event an order order=a total=600      +0h identify an score=5
         +1h  event an order order=b total=500
         +2h  event an order order=c total=500      +2h identify an score=4
         +3h  event an cancel order=c               +3h identify an score=3
         +4h  event an cancel order=b               +4h identify an score=1
         +5h  event an order order=d total=900      +5h identify an score=7
         +6h  event binh order order=x total=2000 historical at=-9d
         +7h  event binh order order=y total=5
         until +9h
         => 1h an email:vip | 1h an exit(end) | 3h an email:low | 3h an exit(end) | 5h an email:vip
            | 5h an exit(end)",
    );
}

#[test]
fn the_end_of_one_journey_is_the_beginning_of_another() {
    check(
        "journey welcome: on signup (goal order) -> wait 1d -> send email:hello -> tag +welcomed
         journey after: on journey welcome -> wait 1h -> send email:after
         journey bought: on journey welcome goal_reached -> send email:bought
         journey either: on journey welcome any -> send email:either
         +0h  event an signup                +0h  event binh signup
         +5h  event binh order order=b total=5
         => 5h binh email:either | 5h binh email:bought | 5h binh done | 5h binh done | 5h binh goal
            | 24h an email:hello | 24h an email:either | 24h an done | 24h an done | 25h an email:after | 25h an done",
    );
}

#[test]
fn messages_and_forms_start() {
    check(
        "journey hello: on signup -> send email:hello -> exit
         journey hot: on message clicked template hello -> send email:hot -> exit
         journey cold: on message clicked template other -> send email:cold -> exit
         journey form: on form size -> send email:form -> exit
         +0h  event an signup
         +1h  click an
         +2h  event an Form_Submitted form_id=size     +3h  event an Form_Submitted form_id=other
         => 0h an email:hello | 0h an exit(end) | 1h an email:hot | 1h an exit(end) | 2h an email:form
            | 2h an exit(end)",
    );
}

#[test]
fn a_wait_for_a_condition_ends_when_it_holds() {
    check(
        r#"segment vip: tag:vip
         journey a: on signup -> wait-when 3d orders.count>=2 ? send email:two : send email:late -> exit
         journey b: on signup -> wait-when 3d segment:vip ? send email:vip : send email:novip -> exit
         journey c: on signup -> wait-when 3d {"none":[{"did":{"event":"Signed Up","window":{"last":"1d"}}}]} ? send email:day : send email:never -> exit
         +0h  event an signup        +1h  event binh signup
         +2h  event an order order=a total=5        +3h event an order order=b total=5
         +4h  journey tag: on view -> tag +vip -> exit
         +5h  event an view
         => 3h an email:two | 3h an exit(end) | 5h an email:vip | 5h an exit(end) | 5h an exit(end)
            | 24h an email:day | 24h an exit(end) | 25h binh email:day | 25h binh exit(end)
            | 73h binh email:novip | 73h binh email:late | 73h binh exit(end) | 73h binh exit(end)"#,
    );
}

#[test]
fn a_wait_for_one_of_several_events() {
    check(
        "journey a: on signup -> wait-any view|cart 1d ? send email:saw : send email:nothing -> exit
         +0h  event an signup   +0h  event binh signup   +0h event chi signup
         +2h  event an cart     +3h  event binh view
         => 2h an email:saw | 2h an exit(end) | 3h binh email:saw | 3h binh exit(end) | 24h chi email:nothing
            | 24h chi exit(end)",
    );
}

#[test]
fn lists_and_journeys_that_start_and_stop_others() {
    check(
        "journey gift: on api (always) -> send email:gift -> wait 5h -> send email:again -> exit
         journey a: on signup -> list +club -> if list:club ? start-journey gift code=5 : go -> list -club -> exit
         journey b: on order -> stop-journey gift -> if list:club ? send email:wrong : send email:right -> exit
         +0h  event an signup        +1h event binh signup
         +2h  event an order order=a total=5
         => 0h an email:gift | 0h an exit(end) | 1h binh email:gift | 1h binh exit(end)
            | 2h an email:right | 2h an exit(end) | 2h an exit(stopped by another journey)
            | 6h binh email:again | 6h binh exit(end)",
    );
}

#[test]
fn journeys_that_start_each_other_come_to_an_end() {
    check(
        "journey a: on view -> wait 2h -> exit one
         journey b: on journey a any (always) -> set n=1 -> exit two
         journey up: on threshold attributes.level 5 (always) -> set level=0 -> exit
         journey down: on threshold attributes.level 3 down (always) -> set level=9 -> exit
         journey self: on api (always) -> start-journey self -> exit
         +0h  event an view        +0h  event binh signup
         +1h  journey a: on journey b any (always) -> exit one
         +3h  identify an level=7
         +4h  trigger self binh
         +5h  show an level
         => 2h an exit(one) | 2h an exit(one) | 2h an exit(one) | 2h an exit(one) | 2h an exit(one)
            | 2h an exit(two) | 2h an exit(two) | 2h an exit(two) | 2h an exit(two)
            | 3h an exit(end) | 3h an exit(end)
            | 4h binh exit(end) | 4h binh exit(end) | 4h binh exit(end) | 4h binh exit(end) | 4h binh exit(end)
            | 4h binh exit(end) | 4h binh exit(end) | 4h binh exit(end) | 4h binh exit(end) | 5h an level=9",
    );
}

#[test]
fn an_experiment_gives_the_same_variant_everywhere() {
    check(
        "journey a: on signup -> experiment subject ? send email:a : send email:b -> exit
         journey b: on view -> experiment subject ? send email:a : send email:b -> exit
         journey c: on Experiment_Viewed (always) -> wait 1h -> send email:seen transactional -> exit
         +0h  event an signup   +2h event an view
         => 0h an email:a | 0h an exit(end) | 1h an email:seen | 1h an exit(end) | 2h an email:a | 2h an exit(end)
            | 3h an email:seen | 3h an exit(end)",
    );
}

#[test]
fn the_best_hour_is_where_it_was_read() {
    check(
        "journey hello: on signup (always) -> send email:hello -> exit
         journey best: on view -> wait-best 07:00 -> send email:best -> exit
         person chi best_hour=20
         +0h  event an signup     +1h  open an
         +24h event an signup     +25h click an
         +48h event an signup     +49h open an
         +50h event an view       +50h event binh view    +50h event chi view
         => 0h an email:hello | 0h an exit(end) | 24h an email:hello | 24h an exit(end) | 48h an email:hello
            | 48h an exit(end) | 59h chi email:best | 59h chi exit(end) | 70h binh email:best | 70h binh exit(end)
            | 73h an email:best | 73h an exit(end)",
    );
}
