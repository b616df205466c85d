package templates

// FactorView is a second factor of the viewer. Removing it is asked for at /settings/two-factors/ID/remove.
type FactorView struct {
	ID      string
	Name    string
	Created When
	Used    When // At zero where it never was
}

// SettingsTwoFactorsView is /settings/two-factors.
type SettingsTwoFactorsView struct {
	Factors  []FactorView
	Codes    int  // recovery codes that are left
	Required bool // the viewer's role asks for a second factor
	Passkeys bool // browsers make passkeys for this site
	// PasskeyName is what was entered in the form for a passkey, whose fields are passkey_name, passkey_password and credential.
	PasskeyName string
	Errors      FieldErrors
}

// TOTPFormView is /settings/two-factors/app: setup, code, name and current_password.
type TOTPFormView struct {
	Size   int    // of the picture, in modules
	Path   string // of the picture
	Secret string // the same to be typed
	Setup  string // goes back with the form
	Name   string
	Errors FieldErrors
}

// FactorPasswordView asks for the password before a factor goes (KIND remove), or before new recovery codes come (codes). It posts
// current_password to Action.
type FactorPasswordView struct {
	Kind   string
	Name   string // of the factor
	Action string
	Errors FieldErrors
}

// SecondFactorView asks whoever has given the password for the second factor. It posts code, remember ("on") and return to
// /login/second, with the form that log-in interrupted.
type SecondFactorView struct {
	Return   string
	Passkeys bool // see SettingsTwoFactorsView
	Carried  []HiddenField
	Errors   FieldErrors
}

// AdminTwoFactorsView is /admin/two-factors: name and reason.
type AdminTwoFactorsView struct {
	Name, Reason string
	Errors       FieldErrors
}
