package dev.hardening.example;

import jakarta.servlet.http.HttpServletRequest;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Has HEAD answered as GET: the same route runs, so status and headers are the same (RFC 9110, section 9.3.2). Jetty knows
 * the method that was sent, and leaves the body out.
 */
final class Head extends Handler.Wrapper {

    private static final String SENT = Head.class.getName();

    static boolean wasSent(HttpServletRequest request) {
        return request.getAttribute(SENT) != null;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (!request.getMethod().equals("HEAD")) {
            return super.handle(request, response, callback);
        }
        request.setAttribute(SENT, true);
        Request asGet = new Request.Wrapper(request) {
            @Override
            public String getMethod() {
                return "GET";
            }
        };
        return super.handle(asGet, response, callback);
    }
}
