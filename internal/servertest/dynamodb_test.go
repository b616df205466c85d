package servertest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// A client that lets go in the middle of a request ends its own request only.
func TestDynamoDBSurvivesAborts(t *testing.T) {
	d := DynamoDB(t)
	for range 20 {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(d.Port), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Length: 100\r\n\r\n{")
		time.Sleep(10 * time.Millisecond) // the server reads what there is, and nothing shows that
		c.Close()
	}
	time.Sleep(100 * time.Millisecond) // in which one that does not survive ends
	answer, err := http.Get(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Error(err)
	}
}
