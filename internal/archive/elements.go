package archive

// maxDepth is how deep encoding/json reads.
const maxDepth = 10_000

// manyElements reports whether the lists in JSON, those within each other included, have more than so many elements together. Two
// bytes of text can become an element of hundreds of bytes in memory, so it counts without building any. A text that is not JSON has
// any number: nothing is built of it either.
func manyElements(b []byte, most int) bool {
	var lists []bool // of what is open here: whether it is a list, and not an object
	within := func() bool { return len(lists) > 0 && lists[len(lists)-1] }
	n, begun := 0, false // begun: the element at this place was counted
	for i := 0; i < len(b) && n <= most; i++ {
		c := b[i]
		switch c {
		case ' ', '\t', '\n', '\r', ':':
			continue
		case ',':
			begun = false
			continue
		case ']', '}':
			if len(lists) > 0 {
				lists = lists[:len(lists)-1]
			}
			begun = true
			continue
		}
		if !begun && within() {
			n++
		}
		begun = true
		switch c {
		case '[', '{':
			if len(lists) == maxDepth {
				return n > most
			}
			lists, begun = append(lists, c == '['), false
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		}
	}
	return n > most
}
