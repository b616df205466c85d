package mail

import "strings"

// The words of all letters stand here, so that a person can read them side by side.

// Person is whom a letter is to.
type Person struct {
	Name     string // "Ada Lovelace"
	Username string // "ada"
}

func (p Person) hello() string { return "Hello " + p.Name + "," }

// account names the account, since somebody may have several.
func (p Person) account(s Site) string { return "@" + p.Username + " at " + s.Name }

const notYou = "If that was not you, somebody may know your password: choose another one, which ends what others have begun."

// Test is a letter to see whether mail arrives.
func Test(s Site) Letter {
	return Letter{Site: s, Subject: "A test of " + s.Name + "’s mail", Before: []string{"This mail has come. Mail of this site reaches you."},
		Why: "Somebody who runs the site has asked for this mail."}
}

// Verify asks whether the address is the member's.
func Verify(s Site, p Person, link string) Letter {
	return Letter{Site: s, Subject: "Confirm your address", Hello: p.hello(),
		Before: []string{"this address was entered for " + p.account(s) + ". Confirm that it is yours, so that you can log in with it and choose a new password when you forget yours."},
		Button: Link{"Confirm the address", link}, After: []string{"The link works for three days. If you know nothing of this, do nothing: the address counts for nothing then."},
		Why: "Somebody entered this address at " + s.Name + "."}
}

// ChangeAddress asks whether the new address is the member's.
func ChangeAddress(s Site, p Person, link string) Letter {
	return Letter{Site: s, Subject: "Confirm your new address", Hello: p.hello(),
		Before: []string{"this is to be the new address of " + p.account(s) + ". It counts once you confirm it. Until then the old one does."},
		Button: Link{"Confirm the new address", link}, After: []string{"The link works for a day. If you know nothing of this, do nothing."},
		Why: "Somebody entered this address at " + s.Name + "."}
}

// AddressChanged tells the old address, and offers to undo it.
func AddressChanged(s Site, p Person, link string) Letter {
	return Letter{Site: s, Subject: "Your address was changed", Hello: p.hello(),
		Before: []string{p.account(s) + " has another address now, and this one counts no more. If you did that, there is nothing to do."},
		Button: Link{"That was not me: change it back", link},
		After:  []string{"The link works for seven days. It brings this address back, logs everybody out, and has you choose a new password."},
		Why:    "This was the address of an account at " + s.Name + "."}
}

// Reset lets a member choose a new password.
func Reset(s Site, p Person, link string) Letter {
	return Letter{Site: s, Subject: "Choose a new password", Hello: p.hello(),
		Before: []string{"somebody, likely you, asked for a new password for " + p.account(s) + "."},
		Button: Link{"Choose a new password", link},
		After:  []string{"The link works once, for an hour. All places where you are logged in and all applications are logged out. If you did not ask, do nothing: your password stays."},
		Why:    "Somebody entered this address where one asks for a new password."}
}

// ResetUnconfirmed says why there is no link.
func ResetUnconfirmed(s Site, p Person) Letter {
	l := Letter{Site: s, Subject: "About your password", Hello: p.hello(),
		Before: []string{"somebody, likely you, asked for a new password for " + p.account(s) + ". This address was never confirmed there, so it cannot be used for that."},
		Why:    "Somebody entered this address where one asks for a new password."}
	if s.Contact != "" {
		l.After = []string{"Those who run the site can help: " + s.Contact}
	} else {
		l.After = []string{"Those who run the site can help."}
	}
	return l
}

// NewDevice tells of a log-in from where the member had never logged in.
func NewDevice(s Site, p Person, device, network, when, link string) Letter {
	return Letter{Site: s, Subject: "A new log-in", Hello: p.hello(),
		Before: []string{"somebody logged in to " + p.account(s) + " in a browser that was not known before."},
		Items:  []Item{{Words: device, Detail: strings.Join([]string{"network address " + network, when}, ", ")}},
		Button: Link{"See where you are logged in", link}, After: []string{"If that was you, there is nothing to do. " + notYou},
		Why: "Members are told of new log-ins, always."}
}

// PasswordChanged tells of a new password.
func PasswordChanged(s Site, p Person, when, link string) Letter {
	return Letter{Site: s, Subject: "Your password was changed", Hello: p.hello(),
		Before: []string{p.account(s) + " has a new password since " + when + ". All other places and applications were logged out."},
		Button: Link{"Forgot your password?", link}, After: []string{"If that was you, there is nothing to do. If not, choose another one by this link at once."},
		Why: "Members are told of a new password, always."}
}

// NewApplication tells of an application that may act for the member.
func NewApplication(s Site, p Person, application, when, link string) Letter {
	return Letter{Site: s, Subject: "An application may act for you", Hello: p.hello(),
		Before: []string{"an application was allowed to act for " + p.account(s) + "."},
		Items:  []Item{{Words: application, Detail: when}},
		Button: Link{"See your applications", link}, After: []string{"If that was you, there is nothing to do. If not, revoke it there. " + notYou},
		Why: "Members are told of new applications, always."}
}

// ExportReady tells that an export can be fetched.
func ExportReady(s Site, p Person, until, link string) Letter {
	return Letter{Site: s, Subject: "Your export is ready", Hello: p.hello(),
		Before: []string{"all that you have at " + s.Name + " is packed. You can download it until " + until + ", when you are logged in."},
		Button: Link{"Download it", link}, Why: "You asked for an export."}
}
