//! Accounts of the shop's staff: what they are in which workspace, their sessions, invitations, ways to a new
//! password. Tokens are known by their hash alone.

use crate::{Changeset, ReadTx, Row, StoreError, q, vals};
use kit::{Timestamp, WorkspaceId};

/// Somebody in a workspace.
#[derive(Clone, PartialEq, Debug)]
pub struct AccountRow {
    pub account_id: String,
    pub workspace: WorkspaceId,
    pub email: String,
    pub name: String,
    /// A word of `domain::roles::Role`.
    pub role: String,
    pub password_hash: String,
}

/// Who has an e-mail address, in whatever workspace, or in none any more.
#[derive(Clone, PartialEq, Debug)]
pub struct AccountIdentity {
    pub account_id: String,
    pub email: String,
    pub name: String,
    pub password_hash: String,
}

/// A workspace that somebody works in.
#[derive(Clone, PartialEq, Debug)]
pub struct Membership {
    pub workspace: WorkspaceId,
    pub slug: String,
    pub name: String,
    pub role: String,
}

/// A session.
#[derive(Clone, PartialEq, Debug)]
pub struct LoginRow {
    /// Stays when the token is changed.
    pub login_id: String,
    pub account_id: String,
    pub workspace: WorkspaceId,
    pub created_at: Timestamp,
    pub token_at: Timestamp,
    pub used_at: Timestamp,
    pub expires_at: Timestamp,
    /// Another token took the place of this one.
    pub replaced: bool,
    /// Truncated.
    pub ip: String,
    pub agent: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct InvitationRow {
    pub workspace: WorkspaceId,
    pub invitation_id: String,
    pub email: String,
    pub role: String,
    pub invited_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// What somebody keeps for themselves.
#[derive(Clone, PartialEq, Debug)]
pub struct Personal {
    /// `vi` or `en`; empty: what the browser says.
    pub language: String,
    pub created_at: Timestamp,
    /// Since when a second factor is asked for.
    pub second_factor_since: Option<Timestamp>,
    /// Recovery codes that were not used.
    pub recovery_codes: i64,
}

/// A second factor.
#[derive(Clone, PartialEq, Debug)]
pub struct SecondFactorRow {
    /// Its secret.
    pub sealed: Vec<u8>,
    pub begun_at: Timestamp,
    /// `None`: nobody has shown yet that they have it.
    pub confirmed_at: Option<Timestamp>,
    /// Codes of this step of time and of those before were used.
    pub last_step: i64,
}

impl Changeset {
    /// A new account with its first workspace.
    pub fn insert_account(&mut self, account: AccountRow, now: Timestamp) {
        let a = account;
        self.one(q::ACCOUNT_INSERT, vals![a.account_id.clone(), a.email, a.name, a.password_hash, now]);
        self.insert_member(a.workspace, &a.account_id, &a.role, now);
    }

    /// Lets an account that exists into a workspace.
    pub fn insert_member(&mut self, workspace: WorkspaceId, account_id: &str, role: &str, now: Timestamp) {
        self.one(q::MEMBER_INSERT, vals![workspace, account_id.to_owned(), role.to_owned(), now]);
    }

    /// Changes a role from `old` to `new`. A conflict when it is not `old`, or when it is the last owner's.
    pub fn change_role(&mut self, workspace: WorkspaceId, account_id: &str, old: &str, new: &str) {
        self.one(q::MEMBER_ROLE, vals![workspace, account_id.to_owned(), new.to_owned(), old.to_owned()]);
    }

    /// Takes somebody out of a workspace and ends their sessions there; an account that is left without any is
    /// deleted. A conflict when it is the last owner.
    pub fn remove_member(&mut self, workspace: WorkspaceId, account_id: &str) {
        self.one(q::MEMBER_DELETE, vals![workspace, account_id.to_owned()]);
        self.any(q::LOGIN_DELETE_MEMBER, vals![workspace, account_id.to_owned()]);
        self.any(q::RESET_DELETE_ACCOUNT, vals![account_id.to_owned()]);
        self.any(q::ACCOUNT_DELETE_LONELY, vals![account_id.to_owned()]);
        self.any(q::SECOND_FACTOR_DELETE_LONELY, vals![account_id.to_owned()]);
        self.any(q::RECOVERY_DELETE_LONELY, vals![account_id.to_owned()]);
    }

    pub fn rename_account(&mut self, account_id: &str, name: &str) {
        self.one(q::ACCOUNT_RENAME, vals![account_id.to_owned(), name.to_owned()]);
    }

    pub fn set_account_language(&mut self, account_id: &str, language: &str) {
        self.one(q::ACCOUNT_LANGUAGE, vals![account_id.to_owned(), language.to_owned()]);
    }

    /// Keeps the secret of a second factor until a code shows that somebody has it. A conflict when one is in force.
    pub fn begin_second_factor(&mut self, account_id: &str, sealed: Vec<u8>, now: Timestamp) {
        self.one(q::SECOND_FACTOR_BEGIN, vals![account_id.to_owned(), sealed, now]);
    }

    /// Puts a second factor in force by the code of a step of time. A conflict when it is already.
    pub fn confirm_second_factor(&mut self, account_id: &str, step: i64, now: Timestamp) {
        self.one(q::SECOND_FACTOR_CONFIRM, vals![account_id.to_owned(), now, step]);
    }

    /// Uses up the code of a step of time. A conflict when it, or a later one, was used before.
    pub fn use_second_factor(&mut self, account_id: &str, step: i64) {
        self.one(q::SECOND_FACTOR_USE, vals![account_id.to_owned(), step]);
    }

    /// The account asks for its password alone from now on.
    pub fn delete_second_factor(&mut self, account_id: &str) {
        self.any(q::SECOND_FACTOR_DELETE, vals![account_id.to_owned()]);
        self.any(q::RECOVERY_DELETE_ACCOUNT, vals![account_id.to_owned()]);
    }

    /// Replaces all recovery codes of an account.
    pub fn set_recovery_codes(&mut self, account_id: &str, hashes: Vec<Vec<u8>>) {
        self.any(q::RECOVERY_DELETE_ACCOUNT, vals![account_id.to_owned()]);
        for hash in hashes {
            self.one(q::RECOVERY_INSERT, vals![account_id.to_owned(), hash]);
        }
    }

    /// A conflict when there is no such code, or it was used.
    pub fn use_recovery_code(&mut self, account_id: &str, hash: Vec<u8>) {
        self.one(q::RECOVERY_USE, vals![account_id.to_owned(), hash]);
    }

    /// Sets a new password and ends every session of the account.
    pub fn set_password(&mut self, account_id: &str, password_hash: String) {
        self.one(q::ACCOUNT_PASSWORD, vals![account_id.to_owned(), password_hash]);
        self.any(q::LOGIN_DELETE_ACCOUNT, vals![account_id.to_owned()]);
        self.any(q::RESET_DELETE_ACCOUNT, vals![account_id.to_owned()]);
    }

    /// Remembers a session by the hash of its token.
    pub fn insert_login(&mut self, token_hash: Vec<u8>, login: LoginRow, now: Timestamp) {
        let l = login;
        self.any(q::LOGIN_EXPIRE, vals![now]);
        self.one(
            q::LOGIN_INSERT,
            vals![
                token_hash,
                l.login_id,
                l.account_id,
                l.workspace,
                l.created_at,
                l.token_at,
                l.used_at,
                l.expires_at,
                l.replaced,
                l.ip,
                l.agent
            ],
        );
    }

    pub fn touch_login(&mut self, token_hash: Vec<u8>, used_at: Timestamp, ip: &str) {
        self.any(q::LOGIN_TOUCH, vals![token_hash, used_at, ip.to_owned()]);
    }

    /// Lets a token work until `until` only, because another took its place. A conflict when one has already.
    pub fn replace_login(&mut self, token_hash: Vec<u8>, until: Timestamp) {
        self.one(q::LOGIN_REPLACE, vals![token_hash, true, until]);
    }

    /// Takes a session to another workspace.
    pub fn move_login(&mut self, token_hash: Vec<u8>, workspace: WorkspaceId) {
        self.one(q::LOGIN_MOVE, vals![token_hash, workspace]);
    }

    pub fn delete_login(&mut self, token_hash: Vec<u8>) {
        self.any(q::LOGIN_DELETE, vals![token_hash]);
    }

    pub fn end_session(&mut self, account_id: &str, login_id: &str) {
        self.any(q::LOGIN_DELETE_ID, vals![account_id.to_owned(), login_id.to_owned()]);
    }

    /// Ends all sessions of an account but one; an empty `login_id` ends all.
    pub fn end_other_sessions(&mut self, account_id: &str, login_id: &str) {
        self.any(q::LOGIN_DELETE_OTHERS, vals![account_id.to_owned(), login_id.to_owned()]);
    }

    pub fn insert_invitation(&mut self, invitation: &InvitationRow, token_hash: Vec<u8>) {
        let i = invitation.clone();
        self.one(
            q::INVITATION_INSERT,
            vals![
                i.workspace,
                i.invitation_id,
                i.email,
                i.role,
                token_hash,
                i.invited_by,
                i.created_at,
                i.expires_at
            ],
        );
    }

    /// Gives an open invitation a new token; the old one no longer works.
    pub fn renew_invitation(
        &mut self,
        workspace: WorkspaceId,
        invitation_id: &str,
        token_hash: Vec<u8>,
        expires_at: Timestamp,
    ) {
        self.one(q::INVITATION_RENEW, vals![workspace, invitation_id.to_owned(), token_hash, expires_at]);
    }

    /// A conflict when it was accepted or revoked before, or has expired.
    pub fn accept_invitation(&mut self, workspace: WorkspaceId, invitation_id: &str, now: Timestamp) {
        self.one(q::INVITATION_ACCEPT, vals![workspace, invitation_id.to_owned(), now]);
    }

    pub fn revoke_invitation(&mut self, workspace: WorkspaceId, invitation_id: &str, now: Timestamp) {
        self.one(q::INVITATION_REVOKE, vals![workspace, invitation_id.to_owned(), now]);
    }

    /// A single-use way to a new password; earlier ones of the account end.
    pub fn insert_reset(
        &mut self,
        token_hash: Vec<u8>,
        account_id: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) {
        self.any(q::RESET_EXPIRE, vals![now]);
        self.any(q::RESET_DELETE_ACCOUNT, vals![account_id.to_owned()]);
        self.one(q::RESET_INSERT, vals![token_hash, account_id.to_owned(), now, expires_at]);
    }

    /// A conflict when it was used meanwhile.
    pub fn use_reset(&mut self, token_hash: Vec<u8>) {
        self.one(q::RESET_USE, vals![token_hash]);
    }
}

fn read_account(mut row: Row) -> Result<AccountRow, StoreError> {
    Ok(AccountRow {
        account_id: row.take_text(0)?,
        workspace: row.workspace(1)?,
        email: row.take_text(2)?,
        name: row.take_text(3)?,
        role: row.take_text(4)?,
        password_hash: row.take_text(5)?,
    })
}

fn read_login(mut row: Row) -> Result<LoginRow, StoreError> {
    Ok(LoginRow {
        login_id: row.take_text(0)?,
        account_id: row.take_text(1)?,
        workspace: row.workspace(2)?,
        created_at: row.at(3)?,
        token_at: row.at(4)?,
        used_at: row.at(5)?,
        expires_at: row.at(6)?,
        replaced: row.bool(7)?,
        ip: row.take_text(8)?,
        agent: row.take_text(9)?,
    })
}

fn read_invitation(mut row: Row) -> Result<InvitationRow, StoreError> {
    Ok(InvitationRow {
        workspace: row.workspace(0)?,
        invitation_id: row.take_text(1)?,
        email: row.take_text(2)?,
        role: row.take_text(3)?,
        invited_by: row.take_text(4)?,
        created_at: row.at(5)?,
        expires_at: row.at(6)?,
        accepted_at: row.opt_at(7)?,
        revoked_at: row.opt_at(8)?,
    })
}

impl ReadTx<'_> {
    /// Who has an address, whatever they may do.
    pub fn account_of_email(&mut self, email: &str) -> Result<Option<AccountIdentity>, StoreError> {
        let read = |mut row: Row| {
            Ok(AccountIdentity {
                account_id: row.take_text(0)?,
                email: row.take_text(1)?,
                name: row.take_text(2)?,
                password_hash: row.take_text(3)?,
            })
        };
        self.query_opt(q::ACCOUNT_OF_EMAIL, &vals![email])?.map(read).transpose()
    }

    /// In the workspace that somebody was let into first.
    pub fn account_by_email(&mut self, email: &str) -> Result<Option<AccountRow>, StoreError> {
        self.query_opt(q::ACCOUNT_BY_EMAIL, &vals![email])?.map(read_account).transpose()
    }

    pub fn account(
        &mut self,
        workspace: WorkspaceId,
        account_id: &str,
    ) -> Result<Option<AccountRow>, StoreError> {
        self.query_opt(q::ACCOUNT_BY_ID, &vals![workspace, account_id])?.map(read_account).transpose()
    }

    pub fn accounts(&mut self, workspace: WorkspaceId) -> Result<Vec<AccountRow>, StoreError> {
        self.query(q::ACCOUNT_LIST, &vals![workspace])?.into_iter().map(read_account).collect()
    }

    pub fn memberships(&mut self, account_id: &str) -> Result<Vec<Membership>, StoreError> {
        let read = |mut row: Row| {
            Ok(Membership {
                workspace: row.workspace(0)?,
                slug: row.take_text(1)?,
                name: row.take_text(2)?,
                role: row.take_text(3)?,
            })
        };
        self.query(q::MEMBER_WORKSPACES, &vals![account_id])?.into_iter().map(read).collect()
    }

    pub fn personal(&mut self, account_id: &str) -> Result<Option<Personal>, StoreError> {
        let read = |mut row: Row| {
            Ok(Personal {
                language: row.take_text(0)?,
                created_at: row.at(1)?,
                second_factor_since: row.opt_at(2)?,
                recovery_codes: row.int(3)?,
            })
        };
        self.query_opt(q::ACCOUNT_PERSONAL, &vals![account_id])?.map(read).transpose()
    }

    pub fn second_factor(&mut self, account_id: &str) -> Result<Option<SecondFactorRow>, StoreError> {
        let read = |mut row: Row| {
            Ok(SecondFactorRow {
                sealed: row.take_bytes(0)?,
                begun_at: row.at(1)?,
                confirmed_at: row.opt_at(2)?,
                last_step: row.int(3)?,
            })
        };
        self.query_opt(q::SECOND_FACTOR_FIND, &vals![account_id])?.map(read).transpose()
    }

    /// The accounts of a workspace that ask for a second factor.
    pub fn second_factors(&mut self, workspace: WorkspaceId) -> Result<Vec<String>, StoreError> {
        let rows = self.query(q::SECOND_FACTOR_LIST, &vals![workspace])?;
        rows.into_iter().map(|mut row| row.take_text(0)).collect()
    }

    pub fn login(&mut self, token_hash: &[u8]) -> Result<Option<LoginRow>, StoreError> {
        self.query_opt(q::LOGIN_FIND, &vals![token_hash])?.map(read_login).transpose()
    }

    /// The sessions of an account, oldest first; at most 200.
    pub fn logins(&mut self, account_id: &str) -> Result<Vec<LoginRow>, StoreError> {
        self.query(q::LOGIN_LIST, &vals![account_id, false])?.into_iter().map(read_login).collect()
    }

    pub fn invitation_by_token(&mut self, token_hash: &[u8]) -> Result<Option<InvitationRow>, StoreError> {
        self.query_opt(q::INVITATION_BY_TOKEN, &vals![token_hash])?.map(read_invitation).transpose()
    }

    pub fn invitation(
        &mut self,
        workspace: WorkspaceId,
        invitation_id: &str,
    ) -> Result<Option<InvitationRow>, StoreError> {
        let row = self.query_opt(q::INVITATION_FIND, &vals![workspace, invitation_id])?;
        row.map(read_invitation).transpose()
    }

    /// Newest first; at most 500.
    pub fn invitations(&mut self, workspace: WorkspaceId) -> Result<Vec<InvitationRow>, StoreError> {
        self.query(q::INVITATION_LIST, &vals![workspace])?.into_iter().map(read_invitation).collect()
    }

    /// Whose password a token may set, and until when.
    pub fn reset(&mut self, token_hash: &[u8]) -> Result<Option<(String, Timestamp)>, StoreError> {
        let row = self.query_opt(q::RESET_FIND, &vals![token_hash])?;
        row.map(|mut row| Ok((row.take_text(0)?, row.at(1)?))).transpose()
    }
}
