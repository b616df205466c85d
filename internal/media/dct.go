package media

// fdct is the forward DCT of 8×8 samples with the factorisation of Loeffler, Ligtenberg and Moschytz (11 multiplications
// in one dimension), in fixed point. The result is scaled by 8.
func fdct(b *[64]int32) {
	const (
		bits = 13
		pass = 2
		// Products of cosines of multiples of π/16, times 1<<bits.
		c0298 = 2446
		c0390 = 3196
		c0541 = 4433
		c0765 = 6270
		c0899 = 7373
		c1175 = 9633
		c1501 = 12299
		c1847 = 15137
		c1961 = 16069
		c2053 = 16819
		c2562 = 20995
		c3072 = 25172
	)
	for i := 0; i < 64; i += 8 {
		r := (*[8]int32)(b[i:])
		t0, t7 := r[0]+r[7], r[0]-r[7]
		t1, t6 := r[1]+r[6], r[1]-r[6]
		t2, t5 := r[2]+r[5], r[2]-r[5]
		t3, t4 := r[3]+r[4], r[3]-r[4]
		t10, t13 := t0+t3, t0-t3
		t11, t12 := t1+t2, t1-t2
		r[0] = (t10 + t11) << pass
		r[4] = (t10 - t11) << pass
		const round, shift = 1 << (bits - pass - 1), bits - pass
		z1 := (t12+t13)*c0541 + round
		r[2] = (z1 + t13*c0765) >> shift
		r[6] = (z1 - t12*c1847) >> shift
		z1, z2, z3, z4 := t4+t7, t5+t6, t4+t6, t5+t7
		z5 := (z3+z4)*c1175 + round
		t4, t5, t6, t7 = t4*c0298, t5*c2053, t6*c3072, t7*c1501
		z1, z2 = -z1*c0899, -z2*c2562
		z3, z4 = z5-z3*c1961, z5-z4*c0390
		r[7] = (t4 + z1 + z3) >> shift
		r[5] = (t5 + z2 + z4) >> shift
		r[3] = (t6 + z2 + z3) >> shift
		r[1] = (t7 + z1 + z4) >> shift
	}
	for i := range 8 {
		c := b[i : i+57 : i+57]
		t0, t7 := c[0]+c[56], c[0]-c[56]
		t1, t6 := c[8]+c[48], c[8]-c[48]
		t2, t5 := c[16]+c[40], c[16]-c[40]
		t3, t4 := c[24]+c[32], c[24]-c[32]
		t10, t13 := t0+t3, t0-t3
		t11, t12 := t1+t2, t1-t2
		c[0] = (t10 + t11 + 1<<(pass-1)) >> pass
		c[32] = (t10 - t11 + 1<<(pass-1)) >> pass
		const round, shift = 1 << (bits + pass - 1), bits + pass
		z1 := (t12+t13)*c0541 + round
		c[16] = (z1 + t13*c0765) >> shift
		c[48] = (z1 - t12*c1847) >> shift
		z1, z2, z3, z4 := t4+t7, t5+t6, t4+t6, t5+t7
		z5 := (z3+z4)*c1175 + round
		t4, t5, t6, t7 = t4*c0298, t5*c2053, t6*c3072, t7*c1501
		z1, z2 = -z1*c0899, -z2*c2562
		z3, z4 = z5-z3*c1961, z5-z4*c0390
		c[56] = (t4 + z1 + z3) >> shift
		c[40] = (t5 + z2 + z4) >> shift
		c[24] = (t6 + z2 + z3) >> shift
		c[8] = (t7 + z1 + z4) >> shift
	}
}

// load copies the 8×8 samples at (x, y), less 128, into b, repeating the plane's last column and row beyond its edge.
func (p *plane) load(b *[64]int32, x, y int) {
	if x+8 <= p.w && y+8 <= p.h {
		off := y*p.stride + x
		for i := 0; i < 64; i += 8 {
			s, d := p.pix[off:][:8], b[i:][:8]
			d[0], d[1], d[2], d[3] = int32(s[0])-128, int32(s[1])-128, int32(s[2])-128, int32(s[3])-128
			d[4], d[5], d[6], d[7] = int32(s[4])-128, int32(s[5])-128, int32(s[6])-128, int32(s[7])-128
			off += p.stride
		}
		return
	}
	for j := range 8 {
		row := p.row(min(y+j, p.h-1))
		for i := range 8 {
			b[8*j+i] = int32(row[min(x+i, p.w-1)]) - 128
		}
	}
}
