// SPDX-License-Identifier: Apache-2.0
// AWS SDK for Java 2 of the tests: a call a line in, what the SDK made of the answer a line out. support/sdk.py says how.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.glue.GlueClient;
import software.amazon.awssdk.services.glue.GlueClientBuilder;
import software.amazon.awssdk.services.glue.model.GlueResponse;
import software.amazon.awssdk.utils.builder.Buildable;

public class Call {
    private static final Map<JsonNode, GlueClient> CLIENTS = new HashMap<>();

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonWriter writer = JsonWriter.create();
            write(writer, call(JsonNode.parser().parse(line)));
            System.out.write(writer.getBytes());
            System.out.println();
            System.out.flush();
        }
    }

    private static GlueClient client(JsonNode settings) {
        GlueClientBuilder builder = GlueClient.builder().endpointOverride(URI.create(text(settings, "endpoint")))
                .region(Region.of(text(settings, "region"))).credentialsProvider(AnonymousCredentialsProvider.create());
        settings.field("key").filter(JsonNode::isObject).ifPresent(key -> {
            AwsCredentials credentials = text(key, "token") == null
                    ? AwsBasicCredentials.create(text(key, "id"), text(key, "secret"))
                    : AwsSessionCredentials.create(text(key, "id"), text(key, "secret"), text(key, "token"));
            builder.credentialsProvider(StaticCredentialsProvider.create(credentials));
        });
        return builder.build();
    }

    private static Map<String, Object> call(JsonNode asked) throws ReflectiveOperationException {
        Map<String, Object> told = new LinkedHashMap<>();
        String operation = text(asked, "operation");
        Class<?> type = Class.forName("software.amazon.awssdk.services.glue.model." + operation + "Request");
        String method = Character.toLowerCase(operation.charAt(0)) + operation.substring(1);
        try {
            Object request = build((SdkPojo) type.getMethod("builder").invoke(null), asked.field("input").get());
            GlueClient client = CLIENTS.computeIfAbsent(asked.field("client").get(), Call::client);
            GlueResponse output = (GlueResponse) GlueClient.class.getMethod(method, type).invoke(client, request);
            told.put("request_id", output.responseMetadata().requestId());
            told.put("output", members(output));
        } catch (InvocationTargetException thrown) {
            describe(told, thrown.getCause());
        }
        return told;
    }

    private static void describe(Map<String, Object> told, Throwable thrown) {
        if (!(thrown instanceof AwsServiceException)) {
            told.put("local", (thrown instanceof SdkException ? "" : "unexpected ") + thrown);
            return;
        }
        AwsServiceException e = (AwsServiceException) thrown;
        told.put("code", e.awsErrorDetails().errorCode());
        told.put("message", e.awsErrorDetails().errorMessage());
        told.put("status", e.statusCode());
        told.put("request_id", e.requestId());
        told.put("type", e.getClass().getSimpleName());
        told.put("attempts", e.numAttempts());
        told.put("members", members((SdkPojo) e));
    }

    private static String text(JsonNode node, String name) {
        return node.field(name).filter(JsonNode::isString).map(JsonNode::asString).orElse(null);
    }

    /** BUILDER, filled from an object whose names are the API's, as a request or a part of one. */
    private static Object build(SdkPojo builder, JsonNode object) {
        Map<String, JsonNode> given = new HashMap<>(object.asObject());
        for (SdkField<?> field : builder.sdkFields()) {
            JsonNode value = given.remove(field.locationName());
            if (value != null) {
                field.set(builder, read(field, value));
            }
        }
        if (!given.isEmpty()) {
            throw new IllegalArgumentException("no such member: " + given.keySet());
        }
        return ((Buildable) builder).build();
    }

    private static Object read(SdkField<?> field, JsonNode value) {
        MarshallingType<?> type = field.marshallingType();
        if (type == MarshallingType.SDK_POJO) {
            return build(field.constructor().get(), value);
        }
        if (type == MarshallingType.LIST) {
            List<Object> list = new ArrayList<>();
            SdkField<?> inner = field.getTrait(ListTrait.class).memberFieldInfo();
            value.asArray().forEach(element -> list.add(read(inner, element)));
            return list;
        }
        if (type == MarshallingType.MAP) {
            Map<String, Object> map = new LinkedHashMap<>();
            SdkField<?> inner = field.getTrait(MapTrait.class).valueFieldInfo();
            value.asObject().forEach((name, element) -> map.put(name, read(inner, element)));
            return map;
        }
        if (type == MarshallingType.BOOLEAN) {
            return value.asBoolean();
        }
        return type == MarshallingType.INTEGER ? (Object) Integer.valueOf(value.asNumber()) : value.asString();
    }

    private static Map<String, Object> members(SdkPojo pojo) {
        Map<String, Object> made = new LinkedHashMap<>();
        for (SdkField<?> field : pojo.sdkFields()) {
            Object value = field.getValueOrDefault(pojo);
            // What was not in the answer is an empty collection of the SDK's own making.
            if (value != null && !value.getClass().getSimpleName().startsWith("DefaultSdkAutoConstruct")) {
                made.put(field.locationName(), value);
            }
        }
        return made;
    }

    private static void write(JsonWriter writer, Object value) {
        if (value instanceof SdkPojo) {
            write(writer, members((SdkPojo) value));
        } else if (value instanceof Map) {
            writer.writeStartObject();
            ((Map<?, ?>) value).forEach((name, inner) -> {
                writer.writeFieldName(name.toString());
                write(writer, inner);
            });
            writer.writeEndObject();
        } else if (value instanceof List) {
            writer.writeStartArray();
            ((List<?>) value).forEach(inner -> write(writer, inner));
            writer.writeEndArray();
        } else if (value instanceof Instant) {
            writer.writeValue(((Instant) value).toEpochMilli() / 1000.0);
        } else if (value instanceof Boolean) {
            writer.writeValue((boolean) value);
        } else if (value instanceof Integer) {
            writer.writeValue((int) value);
        } else if (value == null) {
            writer.writeNull();
        } else {
            writer.writeValue(value.toString());
        }
    }
}
