package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tintype/internal/sleep"
)

// ErrNoSweep is returned by CreateTable when the table works but does not remove expired sessions by itself, because
// its TTL could not be switched on.
var ErrNoSweep = errors.New("session: the table keeps expired sessions")

// CreateTable makes the table that NewDynamo works on, paid by request, and waits until it can be used. One that is
// there already is fine.
func CreateTable(ctx context.Context, cfg aws.Config, table string) error {
	client := dynamoClient(cfg)
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   &table,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(attrAccount), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(attrHash), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(attrAccount), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(attrHash), KeyType: types.KeyTypeRange},
		},
	})
	var exists *types.ResourceInUseException
	if err != nil && !errors.As(err, &exists) {
		// One that exists needs no right to create it.
		if NewDynamo(cfg, table).Check(ctx) != nil {
			return fmt.Errorf("create the table %s: %w", table, err)
		}
	}
	// Whether it can be used is tried, rather than asked for: that is what matters.
	for {
		if err = NewDynamo(cfg, table).Check(ctx); err == nil {
			break
		}
		var missing *types.ResourceNotFoundException
		if !errors.As(err, &missing) {
			return fmt.Errorf("use the table %s: %w", table, err)
		}
		if err := sleep.For(ctx, 500*time.Millisecond); err != nil {
			return fmt.Errorf("wait for the table %s: %w", table, err)
		}
	}
	if err := sweep(ctx, client, table); err != nil {
		return fmt.Errorf("%w: %w", ErrNoSweep, err)
	}
	return nil
}

// sweep has the table remove expired sessions by itself. To ask for it again where it is so is an error, hence the look
// before.
func sweep(ctx context.Context, client *dynamodb.Client, table string) error {
	if on, err := sweeps(ctx, client, table); on || err != nil {
		return err
	}
	_, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(attrTTL), Enabled: aws.Bool(true)},
	})
	return err
}
