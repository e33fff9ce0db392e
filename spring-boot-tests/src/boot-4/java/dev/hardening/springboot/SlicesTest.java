package dev.hardening.springboot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.security.test.web.servlet.request.SecurityMockMvcRequestPostProcessors.jwt;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.get;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.status;

import dev.hardening.springboot.slices.SlicedApplication;
import dev.hardening.testing.RedisServer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.data.redis.test.autoconfigure.DataRedisTest;
import org.springframework.boot.webmvc.test.autoconfigure.WebMvcTest;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.web.servlet.MockMvc;

/** Slices of an application that declares secrets, in an environment without them: nothing is set for the hardening. */
class SlicesTest {

    @Nested
    @WebMvcTest
    @ContextConfiguration(classes = SlicedApplication.class)
    @TestPropertySource(
            properties = {
                "hardening.config.required=API_KEY",
                "spring.security.oauth2.resourceserver.jwt.jwk-set-uri=https://127.0.0.1:1/keys"
            })
    class Web {

        @Autowired
        MockMvc mvc;

        @Test
        void a_controller_is_tested_with_a_user_made_for_it() throws Exception {
            // example: slice
            mvc.perform(get("/hello").with(jwt())).andExpect(status().isOk());
            mvc.perform(get("/hello")).andExpect(status().isUnauthorized());
            // example: end
        }
    }

    @Nested
    @DataRedisTest
    @ContextConfiguration(classes = SlicedApplication.class)
    @TestPropertySource(properties = "hardening.config.required=API_KEY")
    class Data {

        private static final RedisServer SERVER = server();

        @Autowired
        StringRedisTemplate redis;

        private static RedisServer server() {
            try {
                return RedisServer.start();
            } catch (Exception failed) {
                throw new IllegalStateException(failed);
            }
        }

        @DynamicPropertySource
        static void place(DynamicPropertyRegistry registry) {
            registry.add("spring.data.redis.port", SERVER::port);
        }

        @Test
        void a_template_is_tested_with_a_real_redis() {
            redis.opsForValue().set("k", "v");
            assertThat(redis.opsForValue().get("k")).isEqualTo("v");
        }
    }
}
