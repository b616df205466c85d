package demo

import (
	"math"
	"math/rand/v2"
	"sort"
)

// zipf picks numbers below n, the k-th of a shuffled order with a weight of 1/k: few are very active, most hardly.
type zipf struct {
	order []int
	sums  []float64
}

func newZipf(rnd *rand.Rand, n int) *zipf {
	z := &zipf{order: rnd.Perm(n), sums: make([]float64, n)}
	sum := 0.0
	for k := range n {
		sum += 1 / math.Pow(float64(k+1), 1.02)
		z.sums[k] = sum
	}
	return z
}

func (z *zipf) pick(rnd *rand.Rand) int {
	v := rnd.Float64() * z.sums[len(z.sums)-1]
	return z.order[sort.SearchFloat64s(z.sums, v)]
}

// some picks up to n different numbers, none of them in without. allowed may refuse more.
func (z *zipf) some(rnd *rand.Rand, n, without int, allowed func(int) bool) []int {
	seen := map[int]bool{without: true}
	out := make([]int, 0, n)
	for tries := 0; len(out) < n && tries < 4*n+8; tries++ {
		k := z.pick(rnd)
		if seen[k] || !allowed(k) {
			continue
		}
		seen[k] = true
		out = append(out, k)
	}
	return out
}

// few is a small number with the mean given, most often 0 or 1, now and then many.
func few(rnd *rand.Rand, mean float64) int {
	return int(mean*math.Pow(rnd.ExpFloat64(), 1.3)*0.86 + rnd.Float64())
}
