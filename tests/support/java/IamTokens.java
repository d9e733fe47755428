// SPDX-License-Identifier: Apache-2.0
// IamTokens.java - a broker's validator of Amazon MSK's tokens: decodes the presigned URL and computes its signature again.
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

public class IamTokens implements AuthenticateCallbackHandler {
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {}

    @Override
    public void close() {}

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (!(callback instanceof OAuthBearerValidatorCallback)) {
                throw new UnsupportedCallbackException(callback);
            }
            OAuthBearerValidatorCallback asked = (OAuthBearerValidatorCallback) callback;
            String fault;
            try {
                fault = check(asked.tokenValue());
            } catch (Exception e) {
                fault = e.toString();
            }
            if (fault == null) {
                asked.token(new Token(asked.tokenValue()));
            } else {
                System.out.println("IamTokens: refused: " + fault);
                asked.error("invalid_token", null, null);
            }
        }
    }

    /** What is wrong with the token, null when nothing is. */
    private static String check(String token) throws Exception {
        String region = System.getProperty("iam.region");
        URI uri = URI.create(new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8));
        Map<String, String> query = new TreeMap<>();
        for (String pair : uri.getRawQuery().split("&")) {
            String[] parts = pair.split("=", 2);
            query.put(parts[0], parts[1]);
        }
        String signature = query.remove("X-Amz-Signature");
        query.remove("User-Agent");
        String date = query.get("X-Amz-Date");
        Instant signed = Instant.from(DATE.parse(date));
        String scope = date.substring(0, 8) + "/" + region + "/kafka-cluster/aws4_request";
        String session = System.getProperty("iam.session", "");
        if (!uri.getHost().equals("kafka." + region + ".amazonaws.com") || !uri.getScheme().equals("https") || !uri.getPath().equals("/")) {
            return "host " + uri.getHost();
        }
        if (!"kafka-cluster%3AConnect".equals(query.get("Action")) || Integer.parseInt(query.get("X-Amz-Expires")) > 900) {
            return "action or expiry";
        }
        if (Duration.between(signed, Instant.now()).abs().compareTo(Duration.ofMinutes(5)) > 0) {
            return "time " + date;
        }
        if (!decode(query.get("X-Amz-Credential")).equals(System.getProperty("iam.access") + "/" + scope)) {
            return "credential " + query.get("X-Amz-Credential");
        }
        if (!session.equals(decode(query.getOrDefault("X-Amz-Security-Token", "")))) {
            return "session token";
        }
        StringBuilder canonical = new StringBuilder();
        query.forEach((name, value) -> canonical.append(canonical.length() == 0 ? "" : "&").append(name).append("=").append(value));
        String request = "GET\n/\n" + canonical + "\nhost:" + uri.getHost() + "\n\nhost\n" + hex(sha256(""));
        String text = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex(sha256(request));
        byte[] key = ("AWS4" + System.getProperty("iam.secret")).getBytes(StandardCharsets.UTF_8);
        for (String part : new String[] {date.substring(0, 8), region, "kafka-cluster", "aws4_request", text}) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            key = mac.doFinal(part.getBytes(StandardCharsets.UTF_8));
        }
        return hex(key).equals(signature) ? null : "signature";
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static byte[] sha256(String text) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte b : bytes) {
            out.append(String.format("%02x", b));
        }
        return out.toString();
    }

    private static final class Token implements OAuthBearerToken {
        private final String value;

        Token(String value) {
            this.value = value;
        }

        @Override
        public String value() {
            return value;
        }

        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public long lifetimeMs() {
            return System.currentTimeMillis() + 900_000;
        }

        @Override
        public String principalName() {
            return "iam";
        }

        @Override
        public Long startTimeMs() {
            return System.currentTimeMillis();
        }
    }
}
