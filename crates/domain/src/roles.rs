//! Who of the shop's staff may do what. Pure: roles hold permissions, scopes of API keys cover permissions, and
//! [`need_of`] is the one place that says what each endpoint and each page asks for.

use crate::words::words;

words! {
    /// What somebody is in a workspace.
    Role {
        /// Everything. A workspace always has one.
        Owner = "owner",
        /// Everything but what concerns owners.
        Admin = "admin",
        /// Makes and sends: journeys, campaigns, templates, segments.
        Marketer = "marketer",
        /// Reads.
        Analyst = "analyst",
        /// Answers customers: their profiles, orders and requests about their data.
        Support = "support",
    }
}

words! {
    /// What can be allowed.
    Permission {
        /// What the shop has set up and how it does: journeys, templates, segments, reports.
        ReadSetup = "setup.read",
        /// Customers one by one, with what is known of them.
        ReadPeople = "people.read",
        /// Journeys, templates, segments, campaigns, lists, products.
        ChangeSetup = "setup.change",
        /// Profiles, consents, orders, suppressions.
        ChangePeople = "people.change",
        /// Files full of customers brought in.
        ImportPeople = "people.import",
        /// Files full of customers taken out.
        ExportPeople = "people.export",
        /// All that is known of one person, handed out.
        ExportPerson = "person.export",
        /// Messages sent, journeys and campaigns put in force.
        Send = "messages.send",
        /// What a customer asks about their own data: handed out, erased, restricted.
        HandleRequests = "requests.handle",
        /// Settings, channels, retention.
        ManageWorkspace = "workspace.manage",
        ManageKeys = "keys.manage",
        /// Accounts and invitations.
        ManageUsers = "users.manage",
        ReadAudit = "audit.read",
        /// What no row of the table names: for owners and keys without limits.
        Unlisted = "unlisted",
    }
}

words! {
    /// What an API key may do, in the four words that a key is made with.
    Scope {
        /// See everything.
        Read = "read",
        /// Change profiles, orders, products, journeys and templates.
        Write = "write",
        /// Send messages, publish and trigger journeys.
        Send = "send",
        /// Keys, channels, settings, staff, requests of people.
        Admin = "admin",
    }
}

impl Permission {
    /// The scope that a key needs for it.
    pub const fn scope(self) -> Scope {
        match self {
            Permission::ReadSetup | Permission::ReadPeople => Scope::Read,
            Permission::ChangeSetup | Permission::ChangePeople | Permission::ImportPeople => Scope::Write,
            Permission::Send => Scope::Send,
            Permission::ExportPeople
            | Permission::ExportPerson
            | Permission::HandleRequests
            | Permission::ManageWorkspace
            | Permission::ManageKeys
            | Permission::ManageUsers
            | Permission::ReadAudit
            | Permission::Unlisted => Scope::Admin,
        }
    }

    /// Whether using it leaves a trace in the audit log even where nothing is changed.
    pub const fn is_always_logged(self) -> bool {
        matches!(self, Permission::ExportPeople | Permission::ExportPerson)
    }

    /// Whether nothing is changed under it, whatever the method of the request.
    pub const fn only_reads(self) -> bool {
        matches!(self, Permission::ReadSetup | Permission::ReadPeople | Permission::ReadAudit)
    }
}

impl Role {
    pub fn permissions(self) -> &'static [Permission] {
        use Permission::*;
        match self {
            Role::Owner => Permission::ALL,
            Role::Admin => &[
                ReadSetup,
                ReadPeople,
                ChangeSetup,
                ChangePeople,
                ImportPeople,
                ExportPeople,
                ExportPerson,
                Send,
                HandleRequests,
                ManageWorkspace,
                ManageKeys,
                ManageUsers,
                ReadAudit,
            ],
            Role::Marketer => &[ReadSetup, ReadPeople, ChangeSetup, ChangePeople, ImportPeople, Send],
            Role::Analyst => &[ReadSetup, ReadPeople],
            Role::Support => &[ReadSetup, ReadPeople, ChangePeople, ExportPerson, HandleRequests],
        }
    }

    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// Whether somebody of this role may make, change or remove somebody of `other`: nobody but an owner touches
    /// owners.
    pub fn may_manage(self, other: Role) -> bool {
        self.may(Permission::ManageUsers) && (self == Role::Owner || other != Role::Owner)
    }
}

/// What an endpoint or a page asks of whoever calls it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// It is open, or checks a token of its own.
    Nothing,
    /// A session or a key of this workspace, whatever it may do.
    Membership,
    Permission(Permission),
}

/// Methods, path as the router writes it, and what is needed. `/api/v1` is left out. A path that ends in `*` stands
/// for all below it; the first row that fits counts.
const TABLE: &[(&str, &str, Need)] = {
    use Need::{Membership, Nothing, Permission as Of};
    use Permission::*;
    &[
        // Signing in, and what comes with a token.
        ("GET POST PUT DELETE", "/session", Nothing),
        ("GET", "/session/door", Nothing),
        ("PUT", "/session/password", Membership),
        ("GET", "/sessions", Membership),
        ("DELETE", "/sessions/{id}", Membership),
        ("GET PATCH", "/account", Membership),
        ("POST", "/account/second-factor", Membership),
        ("POST", "/account/second-factor/confirm", Membership),
        ("POST", "/account/second-factor/off", Membership),
        ("POST", "/account/second-factor/recovery-codes", Membership),
        ("POST", "/workspaces", Of(Unlisted)),
        ("PATCH", "/workspaces/{slug}", Of(ManageWorkspace)),
        ("POST", "/invitations/look", Nothing),
        ("POST", "/invitations/accept", Nothing),
        ("POST", "/password-resets/look", Nothing),
        ("POST", "/password-resets", Nothing),
        ("POST", "/password-resets/confirm", Nothing),
        ("GET", "/status", Of(ReadSetup)),
        ("GET", "/live", Of(ReadSetup)),
        ("GET", "/search", Of(ReadSetup)),
        ("GET", "/setup", Of(ReadSetup)),
        ("PATCH", "/setup", Of(ManageWorkspace)),
        ("POST", "/setup/try", Of(Send)),
        ("GET", "/reports/overview", Of(ReadSetup)),
        ("GET", "/reports/attention", Of(ReadSetup)),
        // Staff.
        ("GET", "/users", Of(ManageUsers)),
        ("GET", "/roles", Of(ManageUsers)),
        ("PATCH DELETE", "/users/{id}", Of(ManageUsers)),
        ("POST", "/users/{id}/reset-password", Of(ManageUsers)),
        ("GET", "/users/{id}/sessions", Of(ManageUsers)),
        ("DELETE", "/users/{id}/sessions", Of(ManageUsers)),
        ("DELETE", "/users/{id}/second-factor", Of(ManageUsers)),
        ("GET POST", "/invitations", Of(ManageUsers)),
        ("POST", "/invitations/{id}/resend", Of(ManageUsers)),
        ("DELETE", "/invitations/{id}", Of(ManageUsers)),
        ("GET", "/audit", Of(ReadAudit)),
        ("GET POST", "/keys", Of(ManageKeys)),
        ("DELETE", "/keys/{id}", Of(ManageKeys)),
        // The workspace.
        ("GET", "/settings", Of(ReadSetup)),
        ("PATCH", "/settings", Of(ManageWorkspace)),
        ("GET", "/retention", Of(ReadSetup)),
        ("GET", "/channels", Of(ReadSetup)),
        ("GET", "/channels/{channel}", Of(ReadSetup)),
        ("GET", "/channels/email/returns", Of(ReadSetup)),
        ("GET", "/channels/zalo/status", Of(ReadSetup)),
        ("GET", "/channels/zalo/templates", Of(ReadSetup)),
        ("POST", "/channels/zalo/authorise", Of(ManageWorkspace)),
        ("POST", "/channels/zalo/templates/*", Of(ManageWorkspace)),
        ("PUT", "/channels/{channel}", Of(ManageWorkspace)),
        ("POST", "/channels/{channel}/check", Of(ManageWorkspace)),
        ("POST", "/channels/{channel}/test", Of(ManageWorkspace)),
        ("GET", "/domains", Of(ReadSetup)),
        ("GET", "/domains/{domain}", Of(ReadSetup)),
        ("POST", "/domains", Of(ManageWorkspace)),
        ("PATCH DELETE", "/domains/{domain}", Of(ManageWorkspace)),
        ("POST", "/domains/{domain}/check", Of(ManageWorkspace)),
        ("GET", "/domains/{domain}/plan", Of(ReadSetup)),
        ("PUT DELETE", "/domains/{domain}/plan", Of(ManageWorkspace)),
        // A URL may hold a secret.
        ("GET POST", "/webhooks", Of(ManageWorkspace)),
        ("GET POST PATCH DELETE", "/webhooks/*", Of(ManageWorkspace)),
        ("GET", "/tracking/recent", Of(ReadSetup)),
        ("GET", "/condition", Of(ReadSetup)),
        ("GET", "/set-aside", Of(ManageWorkspace)),
        ("POST DELETE", "/set-aside/*", Of(ManageWorkspace)),
        // What people ask about their data.
        ("GET POST", "/requests", Of(HandleRequests)),
        ("GET", "/requests/policy", Of(HandleRequests)),
        ("GET", "/requests/{id}", Of(HandleRequests)),
        ("POST", "/requests/{id}/*", Of(HandleRequests)),
        ("GET", "/erasures", Of(HandleRequests)),
        ("GET", "/profiles/{id}/export", Of(ExportPerson)),
        ("POST", "/profiles/{id}/erase", Of(HandleRequests)),
        ("POST", "/profiles/{id}/restrict", Of(HandleRequests)),
        // Customers.
        ("POST", "/people/query", Of(ReadPeople)),
        ("GET", "/people/facets", Of(ReadPeople)),
        ("POST", "/people/bulk", Of(ChangePeople)),
        ("POST", "/people/bulk/{id}/undo", Of(ChangePeople)),
        ("GET POST", "/views", Membership),
        ("PATCH DELETE", "/views/{id}", Membership),
        ("GET", "/profiles", Of(ReadPeople)),
        ("POST", "/profiles", Of(ChangePeople)),
        ("GET", "/profiles/*", Of(ReadPeople)),
        ("PATCH", "/profiles/{id}", Of(ChangePeople)),
        ("POST", "/profiles/{id}/consents", Of(ChangePeople)),
        ("POST", "/profiles/{id}/merge", Of(ChangePeople)),
        ("GET", "/orders", Of(ReadPeople)),
        ("POST", "/orders", Of(ChangePeople)),
        ("GET", "/lead-rules", Of(ReadSetup)),
        ("PUT", "/lead-rules", Of(ChangeSetup)),
        ("GET", "/lead-rules/history", Of(ReadSetup)),
        ("POST", "/lead-rules/preview", Of(ReadPeople)),
        ("GET", "/reports/leads", Of(ReadSetup)),
        ("GET", "/leads", Of(ReadPeople)),
        ("GET", "/leads/assignees", Of(ReadPeople)),
        ("GET", "/leads/hand-over", Of(ReadPeople)),
        ("POST", "/leads/hand-over", Of(ChangeSetup)),
        ("GET", "/leads/{id}", Of(ReadPeople)),
        ("PATCH", "/leads/{id}", Of(ChangePeople)),
        ("POST", "/leads/{id}/notes", Of(ChangePeople)),
        ("GET", "/staff-contacts", Of(ReadSetup)),
        ("PUT", "/staff-contacts/{name}", Of(ManageWorkspace)),
        ("DELETE", "/staff-contacts/{name}", Of(ManageWorkspace)),
        ("POST", "/staff-contacts/{name}/test", Of(ManageWorkspace)),
        ("GET", "/suppressions", Of(ReadPeople)),
        ("GET", "/suppressions/counts", Of(ReadPeople)),
        ("POST", "/suppressions", Of(ChangePeople)),
        ("POST", "/suppressions/imports", Of(ImportPeople)),
        ("DELETE", "/suppressions/{channel}/{address}", Of(ChangePeople)),
        ("GET", "/do-not-call", Of(ReadPeople)),
        ("POST", "/do-not-call/imports", Of(ImportPeople)),
        ("POST", "/do-not-call/check", Of(ReadPeople)),
        ("PUT", "/do-not-call/source", Of(ManageWorkspace)),
        ("DELETE", "/do-not-call/source", Of(ManageWorkspace)),
        ("POST", "/do-not-call/source/fetch", Of(ManageWorkspace)),
        ("GET", "/policies", Of(ReadSetup)),
        ("GET", "/events/count", Of(ReadSetup)),
        ("GET", "/rejections", Of(ReadPeople)),
        // Data in and out.
        ("GET", "/jobs", Of(ReadSetup)),
        ("GET", "/jobs/{id}", Of(ReadSetup)),
        ("POST", "/jobs/{id}/cancel", Of(ImportPeople)),
        ("GET", "/imports/{id}/rejected.csv", Of(ImportPeople)),
        ("GET", "/imports", Of(ReadSetup)),
        ("GET", "/imports/{id}", Of(ImportPeople)),
        ("POST", "/imports", Of(ImportPeople)),
        ("POST", "/imports/*", Of(ImportPeople)),
        ("GET", "/exports", Of(ReadSetup)),
        ("GET", "/exports/{id}", Of(ReadSetup)),
        ("GET", "/exports/{id}/download", Of(ExportPeople)),
        ("POST", "/exports", Of(ExportPeople)),
        ("DELETE", "/exports/{id}", Of(ExportPeople)),
        ("GET POST", "/backups", Of(Unlisted)),
        ("GET DELETE", "/backups/*", Of(Unlisted)),
        // Making and sending.
        ("GET", "/products", Of(ReadSetup)),
        ("PUT", "/products", Of(ChangeSetup)),
        ("GET", "/recommendations", Of(ReadPeople)),
        ("POST", "/recommendations/preview", Of(ReadPeople)),
        ("GET", "/recommendations/places", Of(ReadSetup)),
        ("GET", "/recommendations/rules", Of(ReadSetup)),
        ("GET", "/recommendations/versions", Of(ReadSetup)),
        ("PUT DELETE", "/recommendations/places/{id}", Of(ChangeSetup)),
        ("PUT", "/recommendations/rules", Of(ChangeSetup)),
        ("GET", "/templates", Of(ReadSetup)),
        ("GET", "/templates/*", Of(ReadSetup)),
        ("POST", "/templates/lint", Of(ReadSetup)),
        ("GET", "/template-gallery", Of(ReadSetup)),
        ("GET", "/template-gallery/{id}", Of(ReadSetup)),
        ("GET", "/brand", Of(ReadSetup)),
        ("GET", "/budgets", Of(ReadSetup)),
        ("GET", "/channel-guide", Of(ReadSetup)),
        ("GET", "/models", Of(ReadSetup)),
        ("GET", "/models/*", Of(ReadSetup)),
        ("POST", "/models/fit", Of(ChangeSetup)),
        ("PUT DELETE", "/budgets/{scope}", Of(ManageWorkspace)),
        ("GET", "/reports/spending", Of(ReadSetup)),
        ("PUT", "/brand", Of(ChangeSetup)),
        ("GET", "/media", Of(ReadSetup)),
        ("GET", "/media/{id}", Of(ReadSetup)),
        ("POST", "/media", Of(ChangeSetup)),
        ("PATCH DELETE", "/media/{id}", Of(ChangeSetup)),
        ("POST", "/templates/preview", Of(ReadPeople)),
        ("POST", "/templates/{id}/preview", Of(ReadPeople)),
        ("POST", "/templates/{id}/test", Of(Send)),
        ("POST", "/templates", Of(ChangeSetup)),
        ("PUT DELETE", "/templates/{id}", Of(ChangeSetup)),
        ("PUT DELETE", "/templates/{id}/draft", Of(ChangeSetup)),
        ("GET", "/journeys", Of(ReadSetup)),
        ("GET", "/journeys/{id}/runs", Of(ReadPeople)),
        ("GET", "/journeys/*", Of(ReadSetup)),
        ("POST", "/journeys/dry-run", Of(ReadPeople)),
        ("POST", "/journeys/check", Of(ReadSetup)),
        ("PUT", "/journeys/{id}/canvas", Of(ChangeSetup)),
        ("POST", "/journeys/{id}/dry-run", Of(ReadPeople)),
        ("POST", "/journeys", Of(ChangeSetup)),
        ("PUT", "/journeys/{id}", Of(ChangeSetup)),
        ("POST", "/journeys/{id}/publish", Of(Send)),
        ("POST", "/journeys/{id}/pause", Of(Send)),
        ("POST", "/journeys/{id}/resume", Of(Send)),
        ("POST", "/journeys/{id}/archive", Of(Send)),
        ("POST", "/journeys/{id}/trigger", Of(Send)),
        ("GET", "/scenarios", Of(ReadSetup)),
        ("GET", "/scenarios/{slug}", Of(ReadSetup)),
        ("POST", "/scenarios/{slug}/install", Of(ChangeSetup)),
        ("POST", "/campaigns/{id}/check", Of(ReadPeople)),
        ("GET", "/campaigns/{id}/check", Of(ReadPeople)),
        ("DELETE", "/campaigns/{id}/check", Of(ReadPeople)),
        ("GET", "/campaigns/{id}/messages", Of(ReadPeople)),
        ("POST", "/campaigns/reach", Of(ReadSetup)),
        ("POST", "/campaigns/upcoming", Of(ReadSetup)),
        ("GET", "/campaigns", Of(ReadSetup)),
        ("GET", "/campaigns/*", Of(ReadSetup)),
        ("POST", "/campaigns", Of(ChangeSetup)),
        ("PUT", "/campaigns/{id}", Of(ChangeSetup)),
        ("DELETE", "/campaigns/{id}", Of(ChangeSetup)),
        ("POST", "/campaigns/{id}/duplicate", Of(ChangeSetup)),
        ("POST", "/campaigns/{id}/archive", Of(ChangeSetup)),
        ("POST", "/campaigns/{id}/restore", Of(ChangeSetup)),
        ("POST", "/campaigns/{id}/launch", Of(Send)),
        ("POST", "/campaigns/{id}/pause", Of(Send)),
        ("POST", "/campaigns/{id}/resume", Of(Send)),
        ("POST", "/campaigns/{id}/recall", Of(Send)),
        ("POST", "/campaigns/{id}/cancel", Of(Send)),
        ("POST", "/campaigns/{id}/test", Of(Send)),
        ("GET", "/runs/{id}", Of(ReadPeople)),
        ("POST", "/runs/{id}/stop", Of(Send)),
        ("GET", "/segments/{id}/members", Of(ReadPeople)),
        ("GET", "/segments/{id}/members/*", Of(ReadPeople)),
        ("GET", "/segments/{id}/members.ndjson", Of(ReadPeople)),
        ("GET", "/segments/{id}/explain", Of(ReadPeople)),
        ("GET", "/segments/{id}/history", Of(ReadPeople)),
        ("POST", "/segments/{id}/diff", Of(ReadPeople)),
        ("GET", "/segments/preview/{id}", Of(ReadPeople)),
        ("GET", "/segments", Of(ReadSetup)),
        ("GET", "/segments/*", Of(ReadSetup)),
        ("POST", "/segments/preview", Of(ReadPeople)),
        ("DELETE", "/segments/preview/{id}", Of(ReadSetup)),
        ("POST PUT PATCH DELETE", "/segments", Of(ChangeSetup)),
        ("POST PUT PATCH DELETE", "/segments/*", Of(ChangeSetup)),
        ("GET", "/catalog/events", Of(ReadSetup)),
        ("GET", "/catalog/*", Of(ReadPeople)),
        ("GET", "/lists/{id}/members", Of(ReadPeople)),
        ("POST", "/lists/{id}/members", Of(ChangePeople)),
        ("GET", "/lists", Of(ReadSetup)),
        ("GET", "/lists/{id}", Of(ReadSetup)),
        ("POST", "/lists", Of(ChangeSetup)),
        ("PATCH DELETE", "/lists/{id}", Of(ChangeSetup)),
        ("GET", "/messages", Of(ReadPeople)),
        ("GET", "/messages/{id}", Of(ReadPeople)),
        ("POST", "/messages", Of(Send)),
    ]
};

fn fits(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => pattern == path,
    }
}

/// What an endpoint needs, by its method and its path as the router writes it, without `/api/v1`; `None` when the
/// table does not name it. HEAD is GET.
pub fn need_of(method: &str, path: &str) -> Option<Need> {
    let method = if method == "HEAD" { "GET" } else { method };
    TABLE
        .iter()
        .find(|(methods, pattern, _)| methods.split(' ').any(|m| m == method) && fits(pattern, path))
        .map(|(.., need)| *need)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_holds_what_it_is_for() {
        let check = |role: Role, expect: &str| {
            let held: Vec<&str> = role.permissions().iter().map(|permission| permission.as_str()).collect();
            assert_eq!(held.join(" "), expect, "{role}");
        };
        check(Role::Analyst, "setup.read people.read");
        check(Role::Support, "setup.read people.read people.change person.export requests.handle");
        check(
            Role::Marketer,
            "setup.read people.read setup.change people.change people.import messages.send",
        );
        assert!(Permission::ALL.iter().all(|permission| Role::Owner.may(*permission)));
        assert!(
            Permission::ALL.iter().all(|p| Role::Admin.may(*p) == (*p != Permission::Unlisted)),
            "an admin may all that has a name"
        );
    }

    #[test]
    fn nobody_but_an_owner_touches_owners() {
        for role in Role::ALL {
            assert_eq!(role.may_manage(Role::Owner), *role == Role::Owner, "{role}");
        }
        assert!(Role::Admin.may_manage(Role::Admin));
        assert!(!Role::Support.may_manage(Role::Support));
    }

    #[test]
    fn the_first_row_that_fits_counts() {
        let check = |method, path, expect| assert_eq!(need_of(method, path), expect, "{method} {path}");
        check("GET", "/profiles/{id}", Some(Need::Permission(Permission::ReadPeople)));
        check("HEAD", "/profiles/{id}", Some(Need::Permission(Permission::ReadPeople)));
        check("GET", "/profiles/{id}/export", Some(Need::Permission(Permission::ExportPerson)));
        check("POST", "/session", Some(Need::Nothing));
        check("GET", "/nowhere", None);
        check("PUT", "/profiles/{id}", None);
    }

    #[test]
    fn no_row_of_the_table_is_hidden_by_one_before_it() {
        for (at, (methods, pattern, need)) in TABLE.iter().enumerate() {
            for method in methods.split(' ') {
                let path = pattern.replace('*', "x");
                let found =
                    TABLE.iter().position(|(m, p, _)| m.split(' ').any(|m| m == method) && fits(p, &path));
                assert_eq!(found, Some(at), "{method} {pattern} {need:?}");
            }
        }
    }

    #[test]
    fn words_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
        }
        assert!("boss".parse::<Role>().unwrap_err().contains("owner, admin"));
    }
}
