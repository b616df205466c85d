package media

import "math/bits"

// huffCode is a code with its length; zero length means that the symbol has none.
type huffCode struct {
	code uint32
	n    uint8
}

// huffTable is a table as a DHT segment holds it.
type huffTable struct {
	counts  [16]byte // codes of each length
	symbols []byte
	codes   [256]huffCode
}

// newHuffTable makes the optimal table for these frequencies with codes of at most 16 bits, as in ITU-T T.81, annex K.2.
func newHuffTable(freq *[256]uint32) *huffTable {
	var f [257]uint64
	for i, n := range freq {
		f[i] = uint64(n)
	}
	f[256] = 1 // reserves the code of all ones
	var size [257]int
	var other [257]int
	for i := range other {
		other[i] = -1
	}
	for {
		a, b := -1, -1 // the two least frequent, of equals the higher one
		for i, n := range f {
			if n == 0 {
				continue
			}
			if a < 0 || n <= f[a] {
				a, b = i, a
			} else if b < 0 || n <= f[b] {
				b = i
			}
		}
		if b < 0 {
			break
		}
		f[a] += f[b]
		f[b] = 0
		for size[a]++; other[a] >= 0; size[a]++ {
			a = other[a]
		}
		other[a] = b
		for size[b]++; other[b] >= 0; size[b]++ {
			b = other[b]
		}
	}
	var count [258]int
	for _, n := range size {
		count[n]++
	}
	count[0] = 0
	for i := len(count) - 1; i > 16; i-- {
		for count[i] > 0 { // lift two siblings by hanging one below a shorter code
			j := i - 2
			for count[j] == 0 {
				j--
			}
			count[i] -= 2
			count[i-1]++
			count[j+1] += 2
			count[j]--
		}
	}
	last := 16
	for count[last] == 0 {
		last--
	}
	count[last]-- // the reserved one
	t := &huffTable{}
	for i := range t.counts {
		t.counts[i] = byte(count[i+1])
	}
	for n := 1; n < len(count); n++ {
		for s := range 256 {
			if size[s] == n {
				t.symbols = append(t.symbols, byte(s))
			}
		}
	}
	code, k := uint32(0), 0
	for n, c := range t.counts {
		for range c {
			t.codes[t.symbols[k]] = huffCode{code, uint8(n + 1)}
			code++
			k++
		}
		code <<= 1
	}
	return t
}

// bitWriter appends entropy-coded bits to buf, stuffing a zero after each 0xff.
type bitWriter struct {
	buf []byte
	acc uint64
	n   uint // bits in acc, fewer than 32 between calls
}

func (w *bitWriter) write(v uint32, n uint) {
	w.acc = w.acc<<n | uint64(v)
	w.n += n
	if w.n >= 32 {
		w.n -= 32
		w.word(uint32(w.acc >> w.n))
	}
}

func (w *bitWriter) word(v uint32) {
	// A byte of ones makes one of the inverse's zero: the usual test for a zero byte in a word.
	if inv := ^v; (inv-0x01010101)&^inv&0x80808080 == 0 {
		w.buf = append(w.buf, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
		return
	}
	for shift := 24; shift >= 0; shift -= 8 {
		c := byte(v >> shift)
		w.buf = append(w.buf, c)
		if c == 0xff {
			w.buf = append(w.buf, 0)
		}
	}
}

// flush pads the last byte with ones.
func (w *bitWriter) flush() {
	for w.n > 0 {
		n := min(w.n, 8)
		c := byte(w.acc>>(w.n-n)<<(8-n)) | byte(1<<(8-n)-1)
		w.buf = append(w.buf, c)
		if c == 0xff {
			w.buf = append(w.buf, 0)
		}
		w.n -= n
	}
}

// category is JPEG's size of a value: the bits of its magnitude.
func category(v int32) uint {
	if v < 0 {
		v = -v
	}
	return uint(bits.Len32(uint32(v)))
}
