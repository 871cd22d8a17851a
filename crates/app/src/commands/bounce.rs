use crate::clock::SystemClock;
use crate::config::DataArgs;
use crate::installation::Installation;
use crate::returns;
use anyhow::Result;
use clap::Args;
use engine::TokenKey;
use kit::Clock;
use plugs::email::returned::MAIL_BYTES_MAX;
use std::io::Read;
use std::process::ExitCode;
use store::Changeset;

/// `EX_TEMPFAIL` of sysexits(3): the mail server keeps the mail and tries again.
const TEMPORARY_FAILURE: u8 = 75;

/// Take in one returned mail from standard input, for a mail server's pipe.
///
/// Ends with 0 when what it says is durable, or when it says nothing of ours, and with 75 when the mail server should
/// try again later.
#[derive(Args, Debug)]
pub struct Bounce {
    #[command(flatten)]
    data: DataArgs,
    /// The address that it came to; may be given several times. Postfix: ${recipient}
    #[arg(long = "recipient", value_name = "ADDRESS")]
    recipients: Vec<String>,
}

impl Bounce {
    pub fn run(self) -> ExitCode {
        match self.take() {
            Ok(is_taken) => {
                println!("{}", if is_taken { "taken" } else { "nothing follows from it" });
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("quaylai: {error:#}");
                ExitCode::from(TEMPORARY_FAILURE)
            }
        }
    }

    fn take(self) -> Result<bool> {
        let mut raw = Vec::new();
        let mut input = std::io::stdin().lock();
        input.by_ref().take(MAIL_BYTES_MAX as u64).read_to_end(&mut raw)?;
        // The rest is read too: a server whose pipe breaks takes that for a failure.
        std::io::copy(&mut input, &mut std::io::sink())?;
        let (installation, _) = Installation::open(&self.data.settle()?)?;
        let key = TokenKey::from_secret(installation.secret.bytes());
        let now = SystemClock.now();
        let arrival = returns::arrival(&installation.store, &key, &raw, &self.recipients, None, now)?;
        let is_taken = arrival.is_some();
        if let Some(arrival) = arrival {
            let mut changes = Changeset::new();
            changes.append(arrival);
            installation.store.apply(changes)?;
        }
        installation.store.close()?;
        Ok(is_taken)
    }
}
