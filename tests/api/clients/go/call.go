// SPDX-License-Identifier: Apache-2.0
// aws-sdk-go-v2 of the tests: a call a line in, what the SDK made of the answer a line out. support/sdk.py says how.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go"
	smithymiddleware "github.com/aws/smithy-go/middleware"
)

type settings struct {
	Endpoint, Region string
	Key              struct{ ID, Secret, Token string }
}

type asked struct {
	Client    settings
	Operation string
	Input     json.RawMessage
}

var clients = map[settings]*glue.Client{}

func clientOf(given settings) *glue.Client {
	if clients[given] == nil {
		config := aws.Config{Region: given.Region, BaseEndpoint: aws.String(given.Endpoint), Credentials: aws.AnonymousCredentials{}}
		if given.Key.ID != "" {
			config.Credentials = credentials.NewStaticCredentialsProvider(given.Key.ID, given.Key.Secret, given.Key.Token)
		}
		clients[given] = glue.NewFromConfig(config)
	}
	return clients[given]
}

// plain drops what an answer did not have, and turns times into seconds, as the other programs print them.
func plain(value any) any {
	switch given := value.(type) {
	case []any:
		for i := range given {
			given[i] = plain(given[i])
		}
	case map[string]any:
		delete(given, "ResultMetadata")
		for name, inner := range given {
			if inner == nil || inner == "" {
				delete(given, name)
			} else if text, ok := inner.(string); ok && strings.HasSuffix(name, "Time") {
				when, err := time.Parse(time.RFC3339Nano, text)
				if err != nil {
					panic(err)
				}
				given[name] = float64(when.UnixMilli()) / 1000
			} else {
				given[name] = plain(inner)
			}
		}
	}
	return value
}

func members(of any) any {
	text, err := json.Marshal(of)
	if err != nil {
		panic(err)
	}
	var made any
	if err := json.Unmarshal(text, &made); err != nil {
		panic(err)
	}
	return plain(made)
}

func describe(thrown error) map[string]any {
	var api smithy.APIError
	if !errors.As(thrown, &api) {
		return map[string]any{"local": thrown.Error()}
	}
	told := map[string]any{"code": api.ErrorCode(), "message": api.ErrorMessage(), "status": nil, "request_id": nil,
		"type": reflect.TypeOf(api).Elem().Name(), "members": map[string]any{}}
	if reflect.TypeOf(api) != reflect.TypeOf(&smithy.GenericAPIError{}) {
		more := members(api).(map[string]any)
		delete(more, "Message")
		told["members"] = more
	}
	var response *awshttp.ResponseError
	if errors.As(thrown, &response) {
		told["status"], told["request_id"] = response.HTTPStatusCode(), response.ServiceRequestID()
	}
	return told
}

func call(line string) map[string]any {
	var given asked
	if err := json.Unmarshal([]byte(line), &given); err != nil {
		panic(err)
	}
	operation := reflect.ValueOf(clientOf(given.Client)).MethodByName(given.Operation)
	input := reflect.New(operation.Type().In(1).Elem())
	decoder := json.NewDecoder(bytes.NewReader(given.Input))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(input.Interface()); err != nil {
		return map[string]any{"local": "unexpected " + err.Error()}
	}
	results := operation.Call([]reflect.Value{reflect.ValueOf(context.Background()), input})
	if thrown, failed := results[1].Interface().(error); failed {
		return describe(thrown)
	}
	output := results[0].Interface()
	metadata := reflect.ValueOf(output).Elem().FieldByName("ResultMetadata").Interface().(smithymiddleware.Metadata)
	id, _ := middleware.GetRequestIDMetadata(metadata)
	return map[string]any{"request_id": id, "output": members(output)}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		text, err := json.Marshal(call(lines.Text()))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}
}
