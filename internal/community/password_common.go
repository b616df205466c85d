package community

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"

	"tintype/internal/store"
)

// commonPasswordsFile is sorted, one password a line: the 10,000 commonest that are long enough for this site, of the
// 30,000 in lib/frequency_lists.js of zxcvbn 4.4.2 (https://github.com/dropbox/zxcvbn), which were counted in leaks.
//
// Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc. Permission is hereby granted, free of charge, to any person
// obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software
// without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute,
// sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so,
// subject to the following conditions: The above copyright notice and this permission notice shall be included in all
// copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND.
//
//go:embed common_passwords.txt.gz
var commonPasswordsFile []byte

// commonPasswords unpacks the list when it is first asked for.
var commonPasswords = sync.OnceValues(func() ([]string, error) {
	r, err := gzip.NewReader(bytes.NewReader(commonPasswordsFile))
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return strings.Fields(string(b)), err
})

// isCommonPassword tells whether a guesser tries the password early, in whatever case it is written.
func isCommonPassword(password string) (bool, error) {
	list, err := commonPasswords()
	if err != nil {
		return false, err
	}
	_, found := slices.BinarySearch(list, strings.ToLower(password))
	return found, nil
}

// isMonotonous tells whether a password is made of one or two characters, which no list can name in all lengths.
func isMonotonous(password string) bool {
	seen := make(map[rune]bool)
	for _, r := range password {
		seen[r] = true
	}
	return len(seen) <= 2
}

// isOwnName tells whether a password is nothing but one of the names, repeated or not, with digits and signs around it. A name
// may be made of digits.
func isOwnName(password string, names ...string) bool {
	for _, kept := range []func(rune) bool{unicode.IsLetter, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }} {
		password := only(kept, password)
		for _, name := range names {
			if name = only(kept, name); name != "" && password != "" && strings.ReplaceAll(password, name, "") == "" {
				return true
			}
		}
	}
	return false
}

// only is what is kept of a text, without regard to case or accents.
func only(kept func(rune) bool, s string) string {
	return strings.Map(func(r rune) rune {
		if kept(r) {
			return r
		}
		return -1
	}, store.Fold(s))
}
