//! What a shop would tell, each as one line of what came of it.

use sim::scenario::{check, timeline};
use sim::{Crashes, Database};

#[test]
fn welcome() {
    check(
        "journey welcome: on signup -> send email:hello -> wait 2d unless order -> send sms:nudge -> exit
         +0h   event an signup        +0h  event binh signup
         +26h  event an order total=200000
         +3d   crash-and-restart
         => 0h an email:hello | 0h binh email:hello | 26h an exit(order) | 48h binh sms:nudge | 48h binh exit(end)",
    );
}

#[test]
fn a_cart_that_is_left_is_reminded_of_until_it_is_bought() {
    check(
        "journey cart: on abandoned (cooldown 3d) -> send email:cart -> wait 1d unless order -> send sms:last -> exit
         +0h    event an cart            +0h  event binh cart
         +30m   event an cart product_id=non price=50000
         +20h   event an order total=150000
         => 1h binh email:cart | 1h30m an email:cart | 20h an exit(order) | 25h binh sms:last | 25h binh exit(end)",
    );
}

#[test]
fn who_buys_in_the_very_second_of_the_reminder_gets_none() {
    check(
        "journey cart: on cart -> wait 1h unless order -> send email:cart -> exit
         +0h  event an cart    +0h event binh cart
         +1h  event an order total=150000
         => 1h an exit(order) | 1h binh email:cart | 1h binh exit(end)",
    );
}

#[test]
fn a_cart_bought_in_the_second_in_which_it_would_count_as_left_is_not_left() {
    check(
        "journey cart: on abandoned -> send email:cart -> exit
         +0h  event an cart
         +1h  event an order total=150000
         =>",
    );
}

#[test]
fn without_consent_there_is_only_what_concerns_the_order() {
    check(
        "person an no-consent
         journey order: on order -> send email:thanks transactional -> send email:more -> exit
         +0h  event an order total=150000
         => 0h an email:thanks | 0h an email:more refused(no_consent) | 0h an exit(end)",
    );
}

#[test]
fn consent_withdrawn_while_waiting_counts() {
    check(
        "journey welcome: on signup -> send email:hello -> wait 2d -> send email:more -> send sms:more -> exit
         +0h  event an signup
         +47h consent an withdraw email
         => 0h an email:hello | 48h an email:more refused(consent_denied) | 48h an sms:more | 48h an exit(end)",
    );
}

#[test]
fn unsubscribing_by_the_link_ends_advertisements_on_that_channel() {
    check(
        "journey welcome: on signup -> send email:hello -> wait 2d -> send email:more -> send sms:more -> exit
         +0h  event an signup
         +1h  unsubscribe an
         +2h  show an consents
         => 0h an email:hello | 1h an email:Bạn đã ngừng nhận tin quảng cáo | 2h an email.marketing=denied sms.marketing=granted
            | 48h an email:more refused(consent_denied) | 48h an sms:more | 48h an exit(end)",
    );
}

#[test]
fn quiet_hours_over_midnight_are_the_persons_own() {
    // 22:00 in Hanoi is 16:00 in Berlin (UTC+1) and 10:00 in Lima (UTC-5).
    check(
        "settings hours email 08:00-21:00
         person berlin timezone=Europe/Berlin
         person lima timezone=America/Lima
         journey welcome: on signup -> wait 13h -> send email:hello -> exit
         +0h  event an signup   +0h event berlin signup   +0h event lima signup
         => 13h an exit(end) | 13h berlin email:hello | 13h berlin exit(end)
            | 13h lima email:hello | 13h lima exit(end) | 23h an email:hello",
    );
}

#[test]
fn a_cap_spreads_advertisements_and_lets_notices_pass() {
    check(
        "settings cap email 1/24h
         journey a: on signup -> send email:one -> exit
         journey b: on signup -> wait 1h -> send email:two -> exit
         journey c: on order -> send email:receipt transactional -> exit
         +0h  event an signup
         +2h  event an order total=5
         => 0h an email:one | 0h an exit(end) | 1h an exit(end) | 2h an email:receipt | 2h an exit(end)
            | 24h an email:two",
    );
}

#[test]
fn two_runs_that_a_merge_brings_together_send_once() {
    check(
        "journey welcome: on view -> wait 1d -> send email:hello -> exit
         +0h  event ~d1 view
         +2h  event an view
         +3h  event an~d1 page
         +4h  show an identifiers
         => 3h an exit(merged) | 4h an anonymous_id:d1 email:an@example.com phone:+84901234501 user_id:an
            | 24h an email:hello | 24h an exit(end)",
    );
}

#[test]
fn two_orders_stay_two_runs_when_profiles_merge() {
    check(
        "journey order: on order (always) -> wait 1d -> send email:rate transactional -> exit
         +0h  event ~d1 order order=a total=5
         +2h  event an order order=b total=7
         +3h  event an~d1 page
         +4h  show an orders
         => 4h an orders=2 revenue=12 refunded=0 | 24h an email:rate | 24h an exit(end) | 26h an email:rate
            | 26h an exit(end)",
    );
}

#[test]
fn once_means_once_in_the_life_of_who_was_two_profiles() {
    check(
        "journey hello: on view (once) -> send email:hello transactional -> exit
         +0h  event ~d1 view
         +1h  event an~d1 view     +2h event an view
         => 0h an email:hello refused(no_address) | 0h an exit(end)",
    );
}

#[test]
fn an_alias_makes_two_ids_one_person() {
    check(
        "journey welcome: on view -> wait 1d -> send email:hello -> exit
         +0h  event ~d1 view
         +2h  event an page
         +3h  alias ~d1 an
         +4h  event ~d1 view
         => 24h an email:hello | 24h an exit(end)",
    );
}

#[test]
fn an_event_told_late_counts_when_it_happened() {
    check(
        "journey welcome: on signup -> wait-for view 2h ? send email:saw : send email:missed -> exit
         +0h  event an signup                  +0h  event binh signup
         +90m event an view at=-30m            +3h  event binh view at=-150m
         => 1h30m an email:saw | 1h30m an exit(end) | 2h binh email:missed | 2h binh exit(end)",
    );
}

#[test]
fn what_happened_before_the_trigger_is_not_the_runs() {
    check(
        "journey welcome: on signup -> wait 2h unless order -> send email:hello -> exit
         +0h  event an signup
         +1h  event an order total=5 at=-3h
         => 2h an email:hello | 2h an exit(end)",
    );
}

#[test]
fn a_clock_that_runs_wrong_is_corrected() {
    check(
        "journey welcome: on signup -> wait-for view 2h ? send email:saw : send email:missed -> exit
         +0h  event an signup
         +1h  event an view at=30d sent=30d
         => 1h an email:saw | 1h an exit(end)",
    );
}

#[test]
fn history_starts_nothing() {
    check(
        "journey welcome: on signup -> send email:hello -> exit
         journey cart: on abandoned -> send email:cart -> exit
         journey gift: on date birthday 09:00 yearly -> send email:gift -> exit
         +0h  event an signup historical at=-90d
         +0h  event an cart historical at=-60d
         +0h  event an order historical total=300000 at=-50d
         +0h  identify an birthday=1990-01-05 historical at=-400d
         +1h  show an orders
         until +3d
         => 1h an orders=1 revenue=300000 refunded=0",
    );
}

#[test]
fn an_event_at_the_end_of_the_wait_is_in_time() {
    check(
        "journey welcome: on signup -> wait-for view 2h ? send email:saw : send email:missed -> exit
         +0h  event an signup
         +2h  event an view
         => 2h an email:saw | 2h an exit(end)",
    );
}

#[test]
fn a_paused_journey_hears_afterwards_of_what_it_missed() {
    check(
        "journey welcome: on signup -> wait 2h unless order -> send email:hello -> wait 1d -> send sms:nudge -> exit
         +0h  event an signup     +0h event binh signup
         +1h  pause welcome
         +5h  event an order total=5      +5h event chi signup
         +8h  resume welcome
         => 8h an exit(order) | 8h binh email:hello | 32h binh sms:nudge | 32h binh exit(end)",
    );
}

#[test]
fn runs_stay_with_the_version_they_began_with() {
    check(
        "journey welcome: on signup -> wait 1d -> send email:first -> exit
         +0h  event an signup
         +1h  journey welcome: on signup -> wait 2h -> send email:second -> exit
         +2h  event binh signup
         +2h  crash-and-restart
         => 4h binh email:second | 4h binh exit(end) | 24h an email:first | 24h an exit(end)",
    );
}

#[test]
fn who_may_enter_again() {
    check(
        "journey once: on view (once) -> send email:once -> exit
         journey idle: on view -> wait 3h -> send email:idle -> exit
         journey always: on view (always) -> wait 3h -> send sms:always transactional -> exit
         journey cooled: on view (cooldown 5h) -> send sms:cooled -> exit
         +0h  event an view
         +2h  event an view
         +6h  event an view
         => 0h an email:once | 0h an sms:cooled | 0h an exit(end) | 0h an exit(end)
            | 3h an sms:always | 3h an email:idle | 3h an exit(end) | 3h an exit(end)
            | 5h an sms:always | 5h an exit(end)
            | 6h an sms:cooled | 6h an exit(end)
            | 9h an email:idle | 9h an sms:always | 9h an exit(end) | 9h an exit(end)",
    );
}

#[test]
fn birthdays_come_every_year_also_those_of_february_29() {
    check(
        "start 2026-02-20T12:00
         person leap birthday=2000-02-29
         person an birthday=1990-03-01
         journey gift: on date birthday 09:00 yearly offset -1d (cooldown 300d) -> send email:gift -> exit
         +0h  event leap page     +0h event an page
         +1d  crash-and-restart
         until 2028-03-02T12:00
         => 165h leap email:gift | 165h leap exit(end) | 189h an email:gift | 189h an exit(end)
            | 371d21h leap email:gift | 371d21h leap exit(end) | 372d21h an email:gift | 372d21h an exit(end)
            | 737d21h leap email:gift | 737d21h leap exit(end) | 738d21h an email:gift | 738d21h an exit(end)",
    );
}

#[test]
fn an_outage_is_waited_out() {
    check(
        "journey welcome: on signup -> send email:hello -> send sms:hello -> exit
         +0h  outage email 1h
         +1m  event an signup
         => 1m an sms:hello | 1m an exit(end) | 1h5m29s an email:hello",
    );
}

#[test]
fn an_address_that_does_not_exist_is_not_written_to_again() {
    check(
        "provider bounces an@example.com
         journey welcome: on signup -> send email:hello -> wait 1d -> send email:more transactional -> send sms:more -> exit
         +0h  event an signup
         => 0h an email:hello failed(hard_bounce) | 24h an email:more refused(suppressed) | 24h an sms:more
            | 24h an exit(end)",
    );
}

#[test]
fn a_provider_that_gave_no_answer_is_not_asked_again() {
    check(
        "provider takes-silently an@example.com
         provider loses binh@example.com
         provider full chi@example.com
         journey welcome: on signup -> send email:hello -> exit
         +0h  event an signup     +0h event binh signup     +0h event chi signup
         => 0h an email:hello unknown(no_answer) | 0h an exit(end) | 0h binh email:hello unknown(no_answer)
            | 0h binh exit(end) | 0h chi exit(end) | 8h30m21s chi email:hello failed(gave_up)",
    );
}

#[test]
fn other_systems_and_people_are_told() {
    check(
        "journey large: on order (where total>=1000000) -> webhook https://crm.example.com/leads -> notify sale@example.com Order {{ event.properties.order_id }} of {{ customer.email }} -> exit
         +0h  event an order order=A7 total=2000000      +0h event binh order order=A8 total=5
         => 0h an webhook:https://crm.example.com/leads | 0h an staff:sale@example.com Order A7 of an@example.com
            | 0h an exit(end)",
    );
}

#[test]
fn who_has_not_confirmed_yet_gets_the_question_alone() {
    check(
        "person an no-consent
         journey confirm: on Consent_Requested -> send email:confirm transactional -> wait-for Consent_Given 2d ? send email:welcome : exit silent
         journey news: on signup -> wait 1h -> send email:news -> wait 3h -> send email:news2 -> exit
         +0h  event an signup
         +10m consent an request email
         +2h  consent an give email
         => 10m an email:confirm | 1h an email:news refused(consent_pending) | 2h an email:welcome | 2h an done
            | 4h an email:news2 | 4h an exit(end)",
    );
}

#[test]
fn refunds_change_what_somebody_spent() {
    check(
        "journey vip: on order (always) (if orders.revenue>=500000) -> tag +vip -> exit
         +0h  event an order order=a total=300000
         +1h  event an refund order=a total=200000
         +2h  event an order order=b total=300000
         +2h  show an orders
         +3h  event an order order=c total=200000
         +3h  show an orders     +3h show an tags
         +4h  event an refund order=c
         +4h  show an orders
         => 2h an orders=2 revenue=400000 refunded=200000 | 3h an exit(end)
            | 3h an orders=3 revenue=600000 refunded=200000 | 3h an tags=vip
            | 4h an orders=2 revenue=400000 refunded=400000",
    );
}

#[test]
fn a_value_that_is_missing_is_told_not_sent() {
    check(
        "template hello: Xin chào {{ customer.nickname }}
         journey welcome: on signup -> send email:hello -> exit
         person binh nickname=Bi
         +0h  event an signup     +0h event binh signup
         => 0h an email:hello refused(value_missing) | 0h an exit(end) | 0h binh email:hello | 0h binh exit(end)",
    );
}

#[test]
fn a_holdout_gets_no_advertisement() {
    // Who belongs to it follows from the profile's id, in which there is chance: so no timeline, but shares.
    let people: String = (0..40).map(|n| format!("+1h event p{n} signup\n")).collect();
    let told = timeline(
        &format!(
            "settings holdout 50
             journey welcome: on signup -> send email:hello -> send sms:receipt transactional -> exit
             {people}"
        ),
        Database::sqlite(),
        Crashes::Never,
    );
    let held_out = told.matches("email:hello refused(holdout)").count();
    assert!((8..=32).contains(&held_out), "{held_out} of 40");
    assert_eq!(told.matches("email:hello").count(), 40);
    assert_eq!(told.matches("sms:receipt").count(), 40);
}

#[test]
fn a_program_starts_a_journey() {
    check(
        "template voucher: {{ event.properties.code }}
         journey voucher: on api (always) -> send email:voucher transactional -> wait 1h -> set last=sent -> exit
         +0h  event an page
         +1h  trigger voucher an code=TET
         +90m trigger voucher an code=XUAN
         +3h  show an last
         => 1h an email:voucher | 1h30m an email:voucher | 2h an exit(end) | 2h30m an exit(end) | 3h an last=sent",
    );
}

#[test]
fn clocks_that_are_put_forward_and_back() {
    // Berlin goes to summer time on 2026-03-29 at 02:00 and back on 2026-10-25 at 03:00.
    check(
        "start 2026-03-28T16:00
         person eva timezone=Europe/Berlin
         journey morning: on signup -> wait-until 02:30 -> send email:one transactional -> wait 1d -> wait-until 09:00 -> send email:two transactional -> exit
         +0h  event eva signup
         => 16h30m eva email:one | 46h eva email:two | 46h eva exit(end)",
    );
    check(
        "start 2026-10-24T16:00
         person eva timezone=Europe/Berlin
         journey morning: on signup -> wait-until 02:30 -> send email:one transactional -> wait 1d -> wait-until 09:00 -> send email:two transactional -> exit
         +0h  event eva signup
         => 15h30m eva email:one | 47h eva email:two | 47h eva exit(end)",
    );
}

#[test]
fn a_change_of_the_profile_ends_a_run() {
    check(
        "journey nurture: on signup (exit-if tag:vip) (exit-if city=Hue) (exit-if orders.count>=2) -> wait 2d -> send email:hello -> exit
         journey tagger: on view -> tag +vip -> exit
         +0h  event an signup    +0h event binh signup   +0h event chi signup
         +5h  event an view
         +6h  identify binh city=Hue
         +7h  event chi order total=5      +8h event chi order total=6
         => 5h an exit(end) | 5h an exit(tag:vip) | 6h binh exit(city=Hue) | 8h chi exit(orders.count>=2)",
    );
}

#[test]
fn after_an_outage_of_our_own_messages_keep_their_distance() {
    check(
        "journey welcome: on signup -> wait 1h -> send email:one -> wait 1h -> send email:two -> wait 1h -> send email:three -> exit
         +0h  event an signup
         +30m down 2d
         => 48h30m an email:one | 49h30m an email:two | 50h30m an email:three | 50h30m an exit(end)",
    );
}

#[test]
fn an_exit_node_does_not_call_off_what_waits_for_the_morning() {
    check(
        "journey late: on signup -> send sms:hello -> wait 1h -> exit
         +14h  event an signup       +14h event binh signup
         +14h30m event binh page
         => 15h an exit(end) | 15h binh exit(end) | 22h an sms:hello | 22h binh sms:hello",
    );
}

#[test]
fn an_order_calls_off_what_waits_for_the_morning() {
    check(
        "journey late: on signup -> send sms:hello -> wait 3h unless order -> exit
         +14h  event an signup
         +15h  event an order total=5
         => 14h an sms:hello cancelled(run_exited) | 15h an exit(order)",
    );
}

#[test]
fn answers_of_one_instant_are_each_told_once() {
    check(
        "journey welcome: on signup -> send email:hello -> wait-for opened 2d ? send email:more : exit silent
         +0h  event an signup
         +1h  open an     +1h open an     +1h unsubscribe an     +1h unsubscribe an
         +2h  crash-and-restart
         +2h  show an consents
         => 0h an email:hello | 1h an email:more | 1h an email:Bạn đã ngừng nhận tin quảng cáo | 1h an done
            | 2h an email.marketing=denied sms.marketing=granted",
    );
}

#[test]
fn the_same_message_again_changes_nothing() {
    check(
        "journey order: on order (always) -> send email:thanks transactional -> exit
         +0h  event an order id=x1 order=a total=5
         +1h  event an order id=x1 order=a total=5
         +9d  event an order id=x1 order=b total=7
         +9d  show an orders
         => 0h an email:thanks | 0h an exit(end) | 216h an orders=1 revenue=5 refunded=0",
    );
}

#[test]
fn a_pause_keeps_birthdays_for_later_and_forgets_none() {
    check(
        "person an birthday=1990-03-20
         person binh birthday=1990-04-20
         journey gift: on date birthday 09:00 yearly -> send email:gift -> exit
         +0h  event an page     +0h event binh page
         +1d  pause gift
         +30d resume gift
         until +60d
         => 49d binh email:gift | 49d binh exit(end)",
    );
}

#[test]
fn a_trial_of_a_message_is_nothing_that_the_person_did() {
    check(
        "settings cap email 1/24h
         journey welcome: on signup -> wait 2h -> send email:hello -> exit
         +0h  event an signup
         +1h  try hello an boss@example.com
         +1h  unsubscribe an
         +1h  show an consents
         => 1h an email:hello | 1h an email.marketing=granted sms.marketing=granted | 2h an email:hello
            | 2h an exit(end)",
    );
}
