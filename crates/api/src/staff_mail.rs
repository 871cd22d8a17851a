//! What the shop's staff are told by e-mail: an invitation, a way to a new password. Each holds a secret, so it goes
//! past the ledger and is stored nowhere.

use crate::services::{Services, workspace_of};
use domain::consent::Channel;
use kit::WorkspaceId;
use std::sync::Arc;
use std::time::Duration;

/// A mail server that takes longer does not hold up the answer.
const POST_WAIT: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Letter {
    Invitation,
    NewPassword,
}

impl Letter {
    fn words(self, is_vietnamese: bool, shop: &str, link: &str) -> (String, String) {
        match (self, is_vietnamese) {
            (Letter::Invitation, true) => (
                format!("Lời mời vào {shop} trên Quaylai"),
                format!(
                    "Chào bạn,\n\nBạn được mời làm việc cùng {shop} trên Quaylai. Mở liên kết sau để đặt mật khẩu và \
                     bắt đầu:\n\n{link}\n\nLiên kết dùng được một lần trong 7 ngày. Nếu bạn không chờ lời mời này, \
                     hãy bỏ qua thư."
                ),
            ),
            (Letter::Invitation, false) => (
                format!("You are invited to {shop} on Quaylai"),
                format!(
                    "Hello,\n\nyou are invited to work with {shop} on Quaylai. Open this link to choose a password and \
                     begin:\n\n{link}\n\nIt works once, for 7 days. If you did not expect this, ignore it."
                ),
            ),
            (Letter::NewPassword, true) => (
                "Đặt lại mật khẩu Quaylai".to_owned(),
                format!(
                    "Chào bạn,\n\nMở liên kết sau để đặt mật khẩu mới cho tài khoản Quaylai của bạn tại {shop}:\n\n\
                     {link}\n\nLiên kết dùng được một lần. Nếu bạn không yêu cầu, hãy bỏ qua thư: mật khẩu vẫn như cũ."
                ),
            ),
            (Letter::NewPassword, false) => (
                "A new password for Quaylai".to_owned(),
                format!(
                    "Hello,\n\nopen this link to choose a new password for your Quaylai account at {shop}:\n\n{link}\n\n\
                     It works once. If you did not ask for it, ignore this: your password stays as it is."
                ),
            ),
        }
    }
}

/// Sends a letter through the shop's e-mail channel. Whether it went: without a channel, or with one that fails, it
/// did not, and the reason is in words.
pub async fn post(
    services: &Arc<Services>,
    workspace: WorkspaceId,
    to: &str,
    letter: Letter,
    link: &str,
) -> Result<(), String> {
    let read = services
        .read(move |tx| Ok((workspace_of(tx, workspace)?, tx.channel(workspace, Channel::Email.as_str())?)))
        .await;
    let Ok((row, channel)) = read else { return Err("the channel could not be read".into()) };
    let Some(channel) = channel.filter(|channel| channel.enabled) else {
        return Err("the shop's e-mail channel is not set up".into());
    };
    let shop = &row.settings.shop.name;
    let shop = if shop.is_empty() { &row.name } else { shop };
    let (subject, text) = letter.words(row.settings.language != "en", shop, link);
    let posted = services.desk.post_for(workspace, &channel.sealed, to, &subject, &text);
    match tokio::time::timeout(POST_WAIT, posted).await {
        Ok(outcome) => outcome,
        Err(_) => Err("the mail server did not answer in time".into()),
    }
}
