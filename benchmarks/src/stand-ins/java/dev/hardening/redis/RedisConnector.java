package dev.hardening.redis;

import io.lettuce.core.RedisClient;

/** What a service writes that has no hardening: Lettuce's client, with its defaults. See the other stand-in. */
public final class RedisConnector {

    private final String uri;

    private RedisConnector(String uri) {
        this.uri = uri;
    }

    public static Builder builder(String uri) {
        return new Builder(uri);
    }

    public ConnectedRedis connect() {
        RedisClient client = RedisClient.create(uri);
        return new ConnectedRedis(client, client.connect());
    }

    public static final class Builder {

        private final String uri;

        private Builder(String uri) {
            this.uri = uri;
        }

        public Builder listener(ConnectListener told) {
            return this;
        }

        public RedisConnector build() {
            return new RedisConnector(uri);
        }

        public Connected connectAny() {
            return build().connect();
        }
    }
}
