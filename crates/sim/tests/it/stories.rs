//! What a shop would tell, each as one line of what came of it.

use sim::scenario::check;

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
