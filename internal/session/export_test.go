package session

import (
	"testing"
	"time"
)

// Patience gives DynamoDB so long for one try and for all, until the test's end: a server that is there is slow on a
// machine that is busy.
func Patience(t *testing.T, try, all time.Duration) {
	wasTry, wasAll := dynamoTry, dynamoAll
	t.Cleanup(func() { dynamoTry, dynamoAll = wasTry, wasAll })
	dynamoTry, dynamoAll = try, all
}

// SmallPages has Each read a few records at a time, until the test's end.
func SmallPages(t *testing.T) {
	wasSQL, wasDynamo := sqlPage, dynamoPage
	t.Cleanup(func() { sqlPage, dynamoPage = wasSQL, wasDynamo })
	sqlPage, dynamoPage = 7, 7
}
