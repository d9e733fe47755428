// SPDX-License-Identifier: Apache-2.0
// Describe.java - Kafka's own AdminClient as a judge: reads lines of JSON-free "name\tkey=value\x1f..." and says for each
// "name\tok" or "name\tfailed\tthe chain of causes". One JVM for all cases.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;

public class Describe {
    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split("\t", 2);
            Properties properties = new Properties();
            for (String pair : parts[1].split("\u001f")) {
                String[] both = pair.split("=", 2);
                properties.setProperty(both[0], both[1]);
            }
            properties.setProperty("request.timeout.ms", "4000");
            properties.setProperty("default.api.timeout.ms", "5000");
            System.out.println(parts[0] + "\t" + describe(properties));
            System.out.flush();
        }
    }

    private static String describe(Properties properties) {
        Admin admin = null;
        try {
            admin = Admin.create(properties);
            return "ok\t" + admin.describeCluster().nodes().get(6, TimeUnit.SECONDS).size();
        } catch (Throwable e) {
            StringBuilder causes = new StringBuilder("failed\t");
            for (Throwable at = e instanceof ExecutionException ? e.getCause() : e; at != null; at = at.getCause()) {
                causes.append(at.getClass().getSimpleName()).append(": ").append(String.valueOf(at.getMessage()).replaceAll("\\s", " ")).append("; ");
            }
            return causes.toString();
        } finally {
            if (admin != null) {
                admin.close(java.time.Duration.ZERO);
            }
        }
    }
}
