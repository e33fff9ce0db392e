package dev.hardening.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.output.ValueOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a server has to be. Asks a server whether it answers, and which role and state it has. It never waits.
 *
 * @param requiredRole the role that the server has to have, or null for any
 * @param roleMayBeUnknown whether it is enough that the server does not say another role
 * @param cluster whether it is asked for the state of its cluster
 * @param clusterNode whether it may be a node of a cluster
 */
record Requirement(@Nullable Role requiredRole, boolean roleMayBeUnknown, boolean cluster, boolean clusterNode) {

    private static final Pattern VERSION = Pattern.compile("redis_version:([^\\s,]{1,40})");

    /** Of a Valkey, whose redis_version is that of the Redis that it is compatible with; HELLO says this one too. */
    private static final Pattern VALKEY_VERSION = Pattern.compile("valkey_version:([^\\s,]{1,40})");

    private static final Pattern MODE = Pattern.compile("(?:redis|server)_mode:(\\w{1,20})");

    private static final Pattern SLOTS_ASSIGNED = Pattern.compile("cluster_slots_assigned:(\\d{1,5})");
    private static final Pattern SLOTS_FAILED = Pattern.compile("cluster_slots_fail:(\\d{1,5})");
    private static final int SLOTS = 16_384;

    static final String IS_A_SENTINEL = "the server is a Sentinel, which holds no data: use redis-sentinel://";

    /** What a server reports about itself; a part that it does not report is empty or unknown. */
    record Server(String version, Role role, String mode) {

        static final Server UNKNOWN = new Server("", Role.UNKNOWN, "");

        /** From the answer to HELLO, which is names and values, or to ROLE, which begins with the role. */
        static Server of(List<?> answer) {
            if (answer.isEmpty()) {
                return UNKNOWN;
            }
            String mode = member(answer, "mode");
            Role role = mode.equals("sentinel") ? Role.SENTINEL : Role.of(member(answer, "role"));
            if (role == Role.UNKNOWN) {
                role = Role.of(String.valueOf(answer.get(0)));
            }
            return new Server(member(answer, "version"), role, mode);
        }

        static Server of(Map<?, ?> answer) {
            List<Object> members = new ArrayList<>();
            answer.forEach((name, value) -> members.addAll(Arrays.asList(name, value)));
            return of(members);
        }

        private static String member(List<?> answer, String name) {
            for (int i = 0; i + 1 < answer.size(); i += 2) {
                if (name.equals(answer.get(i))) {
                    return String.valueOf(answer.get(i + 1));
                }
            }
            return "";
        }
    }

    /** A server that answered and meets the requirements. */
    record Answer(Server server, Duration ping) {}

    /** A way to send a command to a server. Output and arguments have their own codec, whatever the connection's. */
    @FunctionalInterface
    interface Sender {

        void send(AsyncCommand<String, String, ?> command);

        /** Through a connection that no one else uses yet: a command may become a part of the caller's transaction. */
        static Sender of(StatefulConnection<?, ?> connection) {
            @SuppressWarnings("unchecked")
            StatefulConnection<String, String> any = (StatefulConnection<String, String>) connection;
            return command -> {
                any.dispatch(command);
                any.flushCommands(); // or it would wait for ever where the caller has switched the flush off
            };
        }

        default <T> CompletableFuture<T> ask(
                CommandType type, CommandOutput<String, String, T> output, String... arguments) {
            CommandArgs<String, String> args = new CommandArgs<>(StringCodec.UTF8);
            for (String argument : arguments) {
                args.add(argument);
            }
            AsyncCommand<String, String, T> command =
                    new AsyncCommand<>(new Command<>(type, output, arguments.length == 0 ? null : args));
            send(command);
            return command.toCompletableFuture();
        }

        /** The answer to INFO, or an empty text if it may not be asked. */
        default CompletableFuture<String> info(String section) {
            return ask(CommandType.INFO, new ValueOutput<>(StringCodec.UTF8), section)
                    .exceptionally(mayNotBeAsked -> "");
        }
    }

    /**
     * Asks.
     *
     * @param known what the server has reported already; null to ask it
     * @return it fails with the reason
     */
    CompletableFuture<Answer> ask(Sender sender, @Nullable Server known) {
        try {
            long from = System.nanoTime();
            CompletableFuture<Server> server =
                    known == null ? identify(sender) : CompletableFuture.completedFuture(known);
            CompletableFuture<Duration> ping = sender.ask(CommandType.PING, new StatusOutput<>(StringCodec.UTF8))
                    .thenApply(pong -> since(from, pong))
                    .exceptionallyCompose(refused -> refusal(sender, refused));
            return ping.thenCombine(server, (took, said) -> new Answer(required(said), took))
                    .thenCompose(answer -> clusterState(sender).thenApply(ok -> answer));
        } catch (RuntimeException refused) {
            return CompletableFuture.failedFuture(refused);
        }
    }

    /** HELLO without a version changes nothing. Old servers do not know it, and some users may not run it. */
    private static CompletableFuture<Server> identify(Sender sender) {
        return answerTo(sender, CommandType.HELLO)
                .thenCompose(hello -> hello.isEmpty()
                        ? answerTo(sender, CommandType.ROLE).thenCompose(role -> withMode(sender, Server.of(role)))
                        : CompletableFuture.completedFuture(Server.of(hello)));
    }

    /** A server that has a role says in INFO whether it is a node of a cluster. */
    private static CompletableFuture<Server> withMode(Sender sender, Server server) {
        return server.role == Role.UNKNOWN
                ? CompletableFuture.completedFuture(server)
                : sender.info("server")
                        .thenApply(info -> new Server(
                                found(VALKEY_VERSION, info)
                                        .or(() -> found(VERSION, info))
                                        .orElse(server.version),
                                server.role,
                                found(MODE, info).orElse(server.mode)));
    }

    private static Optional<String> found(Pattern pattern, String info) {
        Matcher matcher = pattern.matcher(info);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static CompletableFuture<List<Object>> answerTo(Sender sender, CommandType question) {
        return sender.ask(question, new NestedMultiOutput<>(StringCodec.UTF8)).exceptionally(unknown -> List.of());
    }

    private static Duration since(long from, String pong) {
        if (!pong.equals("PONG")) {
            throw new Diagnosis.WrongServer("not a Redis server: it answers PING with something else");
        }
        return Duration.ofNanos(System.nanoTime() - from);
    }

    /** A server that is loading its data says in INFO how long that will take. */
    private static CompletableFuture<Duration> refusal(Sender sender, Throwable refused) {
        Throwable why =
                refused instanceof CompletionException && refused.getCause() != null ? refused.getCause() : refused;
        if (why instanceof RedisCommandExecutionException
                && String.valueOf(why.getMessage()).startsWith("LOADING")) {
            return sender.info("persistence").thenApply(info -> {
                throw new Diagnosis.Loading(why, Diagnosis.loadingEta(info));
            });
        }
        return CompletableFuture.failedFuture(why);
    }

    private Server required(Server server) {
        String kind = wrongKind(server);
        if (kind != null) {
            throw new Diagnosis.WrongServer(kind);
        }
        String wrong = wrongRole(server.role);
        if (wrong != null) {
            throw new Diagnosis.NotReady(wrong);
        }
        return server;
    }

    /** Why a server is no Redis of the kind that is meant; null if it is one. */
    @Nullable
    String wrongKind(Server server) {
        if (server.role == Role.SENTINEL && requiredRole != Role.SENTINEL) {
            return IS_A_SENTINEL;
        }
        return server.mode.equals("cluster") && !clusterNode
                ? "the server is a node of a cluster: use buildCluster() instead of build()"
                : null;
    }

    /** What is wrong with a role; null if nothing is. */
    @Nullable
    String wrongRole(Role role) {
        if (requiredRole == null || role == requiredRole || (roleMayBeUnknown && role == Role.UNKNOWN)) {
            return null;
        }
        return role == Role.UNKNOWN
                ? "the server does not say whether it is a " + requiredRole.word()
                : "the server is a " + role.word() + ", and a " + requiredRole.word() + " is required";
    }

    /** How many slots have no node, or one that failed; 0 where that is not said. */
    private static int missingSlots(String info) {
        int unassigned = found(SLOTS_ASSIGNED, info)
                .map(assigned -> SLOTS - Integer.parseInt(assigned))
                .orElse(0);
        return unassigned + found(SLOTS_FAILED, info).map(Integer::parseInt).orElse(0);
    }

    /**
     * A cluster that misses slots answers PING and refuses everything else. With {@code cluster-require-full-coverage no}
     * it refuses only the commands for those slots.
     */
    private CompletableFuture<?> clusterState(Sender sender) {
        if (!cluster) {
            return CompletableFuture.completedFuture(null);
        }
        return sender.ask(CommandType.CLUSTER, new ValueOutput<>(StringCodec.UTF8), "INFO")
                .exceptionally(mayNotBeAsked -> "")
                .thenApply(info -> {
                    if (info.contains("cluster_state:fail")) {
                        throw new Diagnosis.NotReady("CLUSTERDOWN: the cluster misses slots or a majority");
                    }
                    int missing = missingSlots(info);
                    if (missing > 0) {
                        throw new Diagnosis.NotReady(
                                "CLUSTERDOWN: the cluster does not serve " + missing + " of its " + SLOTS + " slots");
                    }
                    return info;
                });
    }
}
