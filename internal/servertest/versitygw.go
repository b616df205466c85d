package servertest

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// S3Server is a server that speaks S3's API and checks signatures (versitygw).
// What it holds are files, which survive its end.
type S3Server struct {
	*Process
	URL       string
	AccessKey string
	SecretKey string
	Dir       string // each folder in it is a bucket
}

// S3 starts an empty server, which ends with the test. It needs a temporary
// folder with extended attributes (its way without them, --sidecar, loses races).
func S3(t testing.TB) S3Server {
	t.Helper()
	tool := Tool(t, "versitygw", "go build -C tools -mod=mod -o FOLDER-IN-YOUR-PATH/versitygw github.com/versity/versitygw/cmd/versitygw")
	port := FreePort(t)
	s := S3Server{URL: fmt.Sprintf("http://127.0.0.1:%d", port), AccessKey: "tintype", SecretKey: "not a secret", Dir: t.TempDir()}
	s.Process = startProcess(t, port, func() *exec.Cmd {
		c := exec.Command(tool, "--port", "127.0.0.1:"+strconv.Itoa(port), "--quiet", "posix", s.Dir)
		c.Env = []string{"ROOT_ACCESS_KEY=" + s.AccessKey, "ROOT_SECRET_KEY=" + s.SecretKey, "AWS_REGION=" + region, "VGW_REGION=" + region}
		return c
	})
	return s
}

const region = "eu-central-1"

// NewBucket makes an empty bucket.
func (s S3Server) NewBucket(t testing.TB, name string) {
	t.Helper()
	client := s3.New(s3.Options{
		Region: region, BaseEndpoint: &s.URL, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""),
	})
	_, err := client.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(name)})
	must(t, err)
}

// Env are the settings with which a process finds the server and may use it.
func (s S3Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL_S3=" + s.URL, "MEDIA_S3_PATH_STYLE=true", "AWS_REGION=" + region,
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
	}
}
