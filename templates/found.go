package templates

// FoundView says where a post has the words of a search. Texts are what somebody wrote, never markup.
type FoundView struct {
	Post        PostView
	Caption     []MarkedText
	Description []MarkedText // of one of its photos
}

// MarkedText is a piece of a text; Found is a word that was looked for.
type MarkedText struct {
	Text  string
	Found bool
}
