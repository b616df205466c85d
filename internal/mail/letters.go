package mail

// The words of all letters stand here, so that a person can read them side by side. They are written in the site's Lang.

// Person is whom a letter is to. Letters to an address that nobody has confirmed name no more than the username: whoever
// entered the address chose the displayed name, and would have the site send their words to somebody else.
type Person struct {
	Name     string // "Ada Lovelace"
	Username string // "ada"
}

func (s Site) hello(p Person) string { return s.Lang.T("Hello %s,", p.Name) }

// account names the account, since somebody may have several.
func (s Site) account(p Person) string { return s.Lang.T("@%s at %s", p.Username, s.Name) }

func (s Site) nothingToDo() string { return s.Lang.T("If that was you, there is nothing to do.") }

func (s Site) notYou() string {
	return s.Lang.T("If that was not you, somebody may know your password. Choose a new one: that logs everybody else out.")
}

// Test is a letter to see whether mail arrives.
func Test(s Site) Letter {
	return Letter{Site: s, Subject: s.Lang.T("A test of %s’s mail", s.Name), Before: []string{s.Lang.T("This mail has arrived. Mail from this site reaches you.")},
		Why: s.Lang.T("Somebody who runs the site has asked for this mail.")}
}

// Verify asks whether the address is the member's. Swept tells that the account goes where nobody confirms it and nothing is in it.
func Verify(s Site, p Person, link string, swept bool) Letter {
	l := Letter{Site: s, Subject: s.Lang.T("Confirm your address"),
		Before: []string{s.Lang.T("This address was entered for %s. Confirm that it is yours, so that you can log in with it and choose a new password if you forget yours.", s.account(p))},
		Button: Link{s.Lang.T("Confirm the address"), link}, After: []string{s.Lang.T("The link works for three days. If you know nothing about this, you can ignore this mail: the address will not be used.")},
		Why: s.Lang.T("Somebody entered this address at %s.", s.Name)}
	if swept {
		l.After = append(l.After, s.Lang.T("Unless the address is confirmed, an account with nothing in it is removed after seven days without a visit."))
	}
	return l
}

// ChangeAddress asks whether the new address is the member's.
func ChangeAddress(s Site, p Person, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("Confirm your new address"),
		Before: []string{s.Lang.T("This will be the new address of %s once you confirm it. Until then the old one is used.", s.account(p))},
		Button: Link{s.Lang.T("Confirm the new address"), link}, After: []string{s.Lang.T("The link works for a day. If you know nothing about this, you can ignore this mail.")},
		Why: s.Lang.T("Somebody entered this address at %s.", s.Name)}
}

// AddressChanged tells the old address, and offers to undo it.
func AddressChanged(s Site, p Person, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("Your address was changed"), Hello: s.hello(p),
		Before: []string{s.Lang.T("%s now has another e-mail address, and this one is no longer used. If you changed it, there is nothing to do.", s.account(p))},
		Button: Link{s.Lang.T("That was not me: change it back"), link},
		After:  []string{s.Lang.T("The link works for seven days. It restores this address, logs everybody out, and lets you choose a new password.")},
		Why:    s.Lang.T("This was the address of an account at %s.", s.Name)}
}

// Reset lets a member choose a new password.
func Reset(s Site, p Person, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("Choose a new password"), Hello: s.hello(p),
		Before: []string{s.Lang.T("Somebody, probably you, asked for a new password for %s.", s.account(p))},
		Button: Link{s.Lang.T("Choose a new password"), link},
		After:  []string{s.Lang.T("The link works once, within an hour. Choosing a new password logs out all your sessions and applications. If you did not ask for this, you can ignore this mail: your password stays the same.")},
		Why:    s.Lang.T("Somebody asked for a new password with this address.")}
}

// ResetUnconfirmed says why there is no link.
func ResetUnconfirmed(s Site, p Person) Letter {
	l := Letter{Site: s, Subject: s.Lang.T("About your password"),
		Before: []string{s.Lang.T("Somebody, probably you, asked for a new password for %s. This address was never confirmed there, so it cannot be used for that.", s.account(p))},
		After:  []string{s.Lang.T("Those who run the site can help.")},
		Why:    s.Lang.T("Somebody asked for a new password with this address.")}
	if s.Contact != "" {
		l.After = []string{s.Lang.T("Those who run the site can help: %s", s.Contact)}
	}
	return l
}

// Leaving tells somebody who has left until when to come back.
func Leaving(s Site, p Person, until, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("Your account is closed"), Hello: s.hello(p),
		Before: []string{s.Lang.T("You have left: nobody sees %s any more. Until %s you can log in and come back, and everything is there again. Then it is deleted with everything in it.", s.account(p), until)},
		Button: Link{s.Lang.T("Come back"), link}, After: []string{s.Lang.T("If you did not do that, come back and choose another password.")},
		Why: s.Lang.T("Members who leave are always told.")}
}

// NewDevice tells of a log-in from where the member had never logged in.
func NewDevice(s Site, p Person, device, network, when, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("A new log-in"), Hello: s.hello(p),
		Before: []string{s.Lang.T("Somebody logged in to %s from a browser that had not been used before.", s.account(p))},
		Items:  []Item{{Words: device, Detail: s.Lang.T("network address %s, %s", network, when)}},
		Button: Link{s.Lang.T("See where you are logged in"), link}, After: []string{s.nothingToDo() + " " + s.notYou()},
		Why: s.Lang.T("Members are always told of new log-ins.")}
}

// PasswordChanged tells of a new password.
func PasswordChanged(s Site, p Person, when, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("Your password was changed"), Hello: s.hello(p),
		Before: []string{s.Lang.T("The password of %s was changed on %s. All other sessions and applications were logged out.", s.account(p), when)},
		Button: Link{s.Lang.T("Forgot your password?"), link}, After: []string{s.Lang.T("If that was you, there is nothing to do. If not, choose a new one with this link at once.")},
		Why: s.Lang.T("Members are always told of a new password.")}
}

// NewApplication tells of an application that may act for the member.
func NewApplication(s Site, p Person, application, when, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("An application may act for you"), Hello: s.hello(p),
		Before: []string{s.Lang.T("An application was allowed to act for %s.", s.account(p))},
		Items:  []Item{{Words: application, Detail: when}},
		Button: Link{s.Lang.T("See your applications"), link}, After: []string{s.nothingToDo() + " " + s.Lang.T("If not, revoke it there.") + " " + s.notYou()},
		Why: s.Lang.T("Members are always told of new applications.")}
}

// FactorAdded tells of a new second factor.
func FactorAdded(s Site, p Person, when, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("A second factor was added"), Hello: s.hello(p),
		Before: []string{s.Lang.T("A second factor for logging in to %s was added on %s.", s.account(p), when)},
		Button: Link{s.Lang.T("See your second factors"), link}, After: []string{s.nothingToDo() + " " + s.Lang.T("If not, remove it there.") + " " + s.notYou()},
		Why: s.Lang.T("Members are always told of changes to second factors.")}
}

// FactorRemoved tells that a second factor is gone.
func FactorRemoved(s Site, p Person, when, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("A second factor was removed"), Hello: s.hello(p),
		Before: []string{s.Lang.T("A second factor of %s was removed on %s.", s.account(p), when)},
		Button: Link{s.Lang.T("See your second factors"), link}, After: []string{s.nothingToDo() + " " + s.notYou()},
		Why: s.Lang.T("Members are always told of changes to second factors.")}
}

// RecoveryUsed tells that somebody logged in by a recovery code.
func RecoveryUsed(s Site, p Person, left int, when, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("A recovery code was used"), Hello: s.hello(p),
		Before: []string{s.Lang.T("Somebody logged in to %s with a recovery code on %s.", s.account(p), when), s.Lang.N("One code is left.", "%d codes are left.", left)},
		Button: Link{s.Lang.T("Get new codes"), link}, After: []string{s.nothingToDo() + " " + s.notYou()},
		Why: s.Lang.T("Members are always told of changes to second factors.")}
}

// FactorsTaken tells that somebody who runs the site has removed the second factors, and why.
func FactorsTaken(s Site, p Person, reason, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("Your second factors were removed"), Hello: s.hello(p),
		Before: []string{s.Lang.T("Somebody who runs the site has removed the second factors and recovery codes of %s. From now on the password alone lets you in.", s.account(p)), s.Lang.T("The reason: %s", reason)},
		Button: Link{s.Lang.T("Set up a new one"), link}, After: []string{s.Lang.T("If you did not ask for that, tell those who run the site, and choose another password.")},
		Why: s.Lang.T("Members are always told of changes to second factors.")}
}

// NewCodes tells that other recovery codes let in from now on.
func NewCodes(s Site, p Person, when, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("You have new recovery codes"), Hello: s.hello(p),
		Before: []string{s.Lang.T("New recovery codes for %s were made on %s. The old ones no longer let anybody in.", s.account(p), when)},
		Button: Link{s.Lang.T("See your second factors"), link}, After: []string{s.nothingToDo() + " " + s.notYou()},
		Why: s.Lang.T("Members are always told of changes to second factors.")}
}

// RoleChanged tells of another role, in words.
func RoleChanged(s Site, p Person, words, link string) Letter {
	return Letter{Site: s, Subject: words, Hello: s.hello(p),
		Before: []string{s.Lang.T("Somebody who runs the site has given %s another role.", s.account(p))},
		Button: Link{s.Lang.T("See what has changed"), link}, Why: s.Lang.T("Members are always told of another role.")}
}

// ExportReady tells that an export can be fetched.
func ExportReady(s Site, p Person, until, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("Your export is ready"), Hello: s.hello(p),
		Before: []string{s.Lang.T("Everything you have at %s has been packed. You can download it until %s while you are logged in.", s.Name, until)},
		Button: Link{s.Lang.T("Download it"), link}, After: []string{s.Lang.T("If you did not ask for it, somebody else did. Choose a new password: that logs everybody else out.")},
		Why: s.Lang.T("Members are always told of an export, because it holds everything they have.")}
}

// Notices tells of notifications, each a line. more is how many others there are.
func Notices(s Site, p Person, items []Item, more int, link, off string) Letter {
	n := len(items) + more
	l := Letter{Site: s, Subject: s.Lang.N("Something new for you", "%d new things for you", n), Hello: s.hello(p),
		Before: []string{s.Lang.T("Since the last mail, this happened at %s:", s.Name)}, Items: items, Button: Link{s.Lang.T("See your notifications"), link},
		Why: s.Lang.T("You chose to be told by mail."), Off: off}
	if n == 1 {
		l.Subject = items[0].Words
	}
	if more > 0 {
		l.After = []string{s.Lang.N("There is one more on the page.", "There are %d more on the page.", more)}
	}
	return l
}

// Digest tells what was new in a week, of people whom the member follows or of all. unread is how many notifications the member has
// not seen.
func Digest(s Site, p Person, items []Item, followed bool, unread int, link, off string) Letter {
	l := Letter{Site: s, Subject: s.Lang.T("The week at %s", s.Name), Hello: s.hello(p), Items: items, Button: Link{s.Lang.T("See everything new"), link},
		Why: s.Lang.T("You chose to get a weekly mail."), Off: off}
	switch {
	case followed:
		l.Before = []string{s.Lang.T("This was posted by people you follow:")}
	case len(items) > 0:
		l.Before = []string{s.Lang.T("This is what people liked:")}
	}
	if unread > 0 {
		l.After = append(l.After, s.Lang.N("You have one unread notification.", "You have %d unread notifications.", unread))
	}
	return l
}

// Decided tells a member of a decision of the moderators, by its kind: warn, remove, reject, limit or suspend.
func Decided(s Site, p Person, kind, words, until, link string) Letter {
	l := Letter{Site: s, Hello: s.hello(p), Button: Link{s.Lang.T("Read it, and answer"), link},
		After: []string{s.Lang.T("You may answer once. At any time you can download everything you have posted, or delete your account.")},
		Why:   s.Lang.T("Members are always told of decisions about them.")}
	switch kind {
	case "warn":
		l.Subject, l.Before = s.Lang.T("A warning"), []string{s.Lang.T("The moderators have a warning for %s.", s.account(p))}
	case "remove":
		l.Subject, l.Before = s.Lang.T("Your post was removed"), []string{s.Lang.T("The moderators have removed something that %s posted.", s.account(p))}
	case "reject":
		l.Subject, l.Before = s.Lang.T("Your post was not published"), []string{s.Lang.T("The moderators have not published something that %s wanted to post.", s.account(p))}
	case "limit":
		l.Subject, l.Before = s.Lang.T("Your account is limited"), []string{s.Lang.T("The moderators have limited %s: followers see what you post, and public pages do not show it.", s.account(p))}
	default:
		l.Subject, l.Before = s.Lang.T("Your account is suspended"), []string{s.Lang.T("The moderators have suspended %s: nobody sees it, and you cannot post.", s.account(p))}
	}
	if until != "" {
		l.Before = append(l.Before, s.Lang.T("It ends on %s.", until))
	}
	if words != "" {
		l.Before = append(l.Before, s.Lang.T("They say:"))
		l.Items = []Item{{Words: words}}
	}
	return l
}

// DecisionEnded tells a member that a decision of the moderators holds no longer, by its kind: warn, limit or suspend.
func DecisionEnded(s Site, p Person, kind, link string) Letter {
	l := Letter{Site: s, Hello: s.hello(p), Button: Link{s.Lang.T("Read it"), link}, Why: s.Lang.T("Members are always told of decisions about them.")}
	switch kind {
	case "limit":
		l.Subject, l.Before = s.Lang.T("Your account is no longer limited"), []string{s.Lang.T("%s is shown like any other account again.", s.account(p))}
	case "suspend":
		l.Subject, l.Before = s.Lang.T("Your account is no longer suspended"), []string{s.Lang.T("The suspension of %s has ended. You can log in and post again.", s.account(p))}
	default:
		l.Subject, l.Before = s.Lang.T("A decision was taken back"), []string{s.Lang.T("The moderators have taken back what they decided about %s.", s.account(p))}
	}
	return l
}

// AppealAnswered tells a member what became of the answer to a decision.
func AppealAnswered(s Site, p Person, kind string, accepted bool, words, link string) Letter {
	l := Letter{Site: s, Subject: s.Lang.T("About your answer"), Hello: s.hello(p), Button: Link{s.Lang.T("Read it"), link},
		Before: []string{s.Lang.T("The moderators have read your answer. The decision about %s stands.", s.account(p))}, Why: s.Lang.T("You answered a decision of the moderators.")}
	if accepted {
		l.Before = []string{s.Lang.T("The moderators have read your answer, and taken back the decision about %s.", s.account(p))}
		switch kind {
		case "remove":
			l.Before = append(l.Before, s.Lang.T("What was removed does not come back. It may be posted again."))
		case "reject":
			l.Before = append(l.Before, s.Lang.T("It may be posted again."))
		}
	}
	if words != "" {
		l.Items = []Item{{Words: words}}
	}
	return l
}

// Invitation asks somebody to join. From is the username of who invites, or "".
func Invitation(s Site, from, until, link string) Letter {
	invited := s.Lang.T("You are invited to join %s, a site for photographs.", s.Name)
	if from != "" {
		invited = s.Lang.T("@%s has invited you to join %s, a site for photographs.", from, s.Name)
	}
	return Letter{Site: s, Subject: s.Lang.T("An invitation to %s", s.Name), Before: []string{invited},
		Button: Link{s.Lang.T("Join %s", s.Name), link},
		After:  []string{s.Lang.T("The link works once, until %s. If you do not want to join, you can ignore this mail.", until)},
		Why:    s.Lang.T("Somebody who runs the site entered this address.")}
}

// Approved tells somebody who asked to join that it was granted.
func Approved(s Site, p Person, link string) Letter {
	return Letter{Site: s, Subject: s.Lang.T("You are a member of %s", s.Name),
		Before: []string{s.Lang.T("You asked to join. Those who run the site have let you in as %s.", s.account(p))},
		Button: Link{s.Lang.T("Log in"), link}, Why: s.Lang.T("Somebody entered this address at %s.", s.Name)}
}

// Refused tells somebody who asked to join that it was not granted, with the words of who decided.
func Refused(s Site, username, words string) Letter {
	l := Letter{Site: s, Subject: s.Lang.T("Your sign-up at %s", s.Name),
		Before: []string{s.Lang.T("You asked to join as %s. Those who run the site have decided not to let you in.", s.account(Person{Username: username}))},
		Why:    s.Lang.T("Somebody entered this address at %s.", s.Name)}
	if words != "" {
		l.Before = append(l.Before, s.Lang.T("They say:"), words)
	}
	l.After = []string{s.Lang.T("What you entered there has been removed.")}
	return l
}
