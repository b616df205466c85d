package community

import (
	"fmt"
	"net/url"
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// Where the answer to a COMMIT gets lost, the transaction is run again. It finds its own work done, and is no refusal: a
// recovery code that was used up lets its member in, and a factor that is removed was.
func TestTheAnswerAboutASecondFactorGetsLost(t *testing.T) {
	server := servertest.AnyFlavour(t).Server(t)
	address := server.NewDatabase(t)
	storetest.MySQL(t, address)
	proxy := servertest.NewProxy(t, server.Port)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = fmt.Sprintf("127.0.0.1:%d", proxy.Port)
	through, err := store.Open(t.Context(), storetest.Options(u.String()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { through.Close() })
	s := newMailTestSite(t, newTestSite(t, through))
	ann, _, codes := s.withTOTP("ann")
	lose := func() { proxy.CutAt("\x03COMMIT", true, 1, nil) }

	lose()
	if used, err := s.useRecoveryCode(s.ctx, ann, cleanCode(codes[0])); err != nil || !used {
		t.Errorf("the recovery code: %v %v", used, err)
	}
	if n := proxy.Cuts(); n > 0 {
		t.Errorf("%d answers are still to get lost", n)
	}
	if used, err := s.useRecoveryCode(s.ctx, ann, cleanCode(codes[0])); err != nil || used {
		t.Errorf("the recovery code once more: %v %v", used, err)
	}
	factors, err := s.Store.FactorsOf(s.ctx, ann.ID)
	s.must(err)
	lose()
	if err := s.RemoveFactor(s.ctx, ann, Confirmation{Password: "correct horse battery"}, factors[0].ID); err != nil {
		t.Errorf("the factor: %v", err)
	}
	if left, err := s.Store.FactorsOf(s.ctx, ann.ID); err != nil || len(left) != 0 {
		t.Errorf("%d factors are left, %v", len(left), err)
	}
}
