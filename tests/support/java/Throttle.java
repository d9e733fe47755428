// SPDX-License-Identifier: Apache-2.0
// Throttle.java - gives every client of the broker HOST:PORT so small a share of its time that it is throttled at once.
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;

public class Throttle {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("bootstrap.servers", arguments[0]);
        try (Admin admin = Admin.create(properties)) {
            ClientQuotaEntity everyone = new ClientQuotaEntity(Collections.singletonMap(ClientQuotaEntity.CLIENT_ID, null));
            ClientQuotaAlteration.Op little = new ClientQuotaAlteration.Op("request_percentage", 0.001);
            admin.alterClientQuotas(List.of(new ClientQuotaAlteration(everyone, List.of(little)))).all().get();
        }
    }
}
