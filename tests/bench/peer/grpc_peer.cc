/*
 * The peer of the bench: gRPC C++, asynchronous, one completion queue a thread, an Ed25519 signature for each answer, as a service does that signs and
 * knows no batches. `grpc_peer serve ADDRESS BYTES` serves; `grpc_peer load ADDRESS IN_FLIGHT SECONDS` calls it and prints "rate p50_us p99_us".
 */
#include <grpcpp/grpcpp.h>
#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "peer.grpc.pb.h"

using depositary::bench::Peer;
using depositary::bench::Question;
using depositary::bench::Signed;
using Clock = std::chrono::steady_clock;

namespace {

unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
unsigned char secret_key[crypto_sign_SECRETKEYBYTES];

// ---- the service

class Call {
public:
    Call(Peer::AsyncService *service, grpc::ServerCompletionQueue *queue, const std::string &text)
        : service_(service), queue_(queue), text_(text), writer_(&context_) {
        service_->RequestAsk(&context_, &question_, &writer_, queue_, queue_, this);
    }

    void Proceed() {
        if (is_answered_) {
            delete this;
            return;
        }
        new Call(service_, queue_, text_);
        unsigned char signature[crypto_sign_BYTES];
        Signed answer;
        answer.set_text(text_);
        const std::string signed_bytes = text_ + question_.nonce();
        crypto_sign_detached(signature, nullptr, reinterpret_cast<const unsigned char *>(signed_bytes.data()),
                             signed_bytes.size(), secret_key);
        answer.set_signature(signature, sizeof signature);
        is_answered_ = true;
        writer_.Finish(answer, grpc::Status::OK, this);
    }

private:
    Peer::AsyncService *service_;
    grpc::ServerCompletionQueue *queue_;
    const std::string &text_;
    grpc::ServerContext context_;
    Question question_;
    grpc::ServerAsyncResponseWriter<Signed> writer_;
    bool is_answered_ = false;
};

int Serve(const std::string &address, size_t bytes) {
    const std::string text(bytes, 'x');
    Peer::AsyncService service;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    if (!server) {
        return 1;
    }
    for (int i = 0; i < 256; i++) {
        new Call(&service, queue.get(), text);
    }
    void *tag;
    bool ok;
    while (queue->Next(&tag, &ok)) {
        if (ok) {
            static_cast<Call *>(tag)->Proceed();
        }
    }
    return 0;
}

// ---- the load

struct Flight {
    Clock::time_point sent;
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<Signed>> reader;
    Signed answer;
    grpc::Status status;
};

void Start(Flight *flight, Peer::Stub *stub, grpc::CompletionQueue *queue) {
    Question question;
    question.set_name("cl_11");
    question.set_nonce(std::string(32, 'n'));
    flight->context = std::make_unique<grpc::ClientContext>();
    flight->sent = Clock::now();
    flight->reader = stub->AsyncAsk(flight->context.get(), question, queue);
    flight->reader->Finish(&flight->answer, &flight->status, flight);
}

int Load(const std::string &address, int in_flight, double seconds) {
    const int connections = std::min(in_flight, 8);
    std::vector<std::unique_ptr<Peer::Stub>> stubs;
    for (int i = 0; i < connections; i++) {
        grpc::ChannelArguments arguments;
        arguments.SetInt("bench.connection", i); // channels with the same arguments share a connection
        stubs.push_back(Peer::NewStub(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
    }
    grpc::CompletionQueue queue;
    std::vector<Flight> flights(static_cast<size_t>(in_flight));
    std::vector<double> took;
    took.reserve(1 << 20);
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration<double>(seconds);
    for (int i = 0; i < in_flight; i++) {
        Start(&flights[static_cast<size_t>(i)], stubs[static_cast<size_t>(i % connections)].get(), &queue);
    }
    void *tag;
    bool ok;
    int left = in_flight;
    while (left > 0 && queue.Next(&tag, &ok)) {
        Flight *flight = static_cast<Flight *>(tag);
        const auto now = Clock::now();
        if (!ok || !flight->status.ok()) {
            std::fprintf(stderr, "%s\n", flight->status.error_message().c_str());
            return 1;
        }
        took.push_back(std::chrono::duration<double, std::micro>(now - flight->sent).count());
        if (now < end) {
            Start(flight, stubs[static_cast<size_t>((flight - flights.data()) % connections)].get(), &queue);
        } else {
            left--;
        }
    }
    const double spent = std::chrono::duration<double>(Clock::now() - begin).count();
    std::sort(took.begin(), took.end());
    std::printf("%.0f %.1f %.1f\n", static_cast<double>(took.size()) / spent, took[took.size() / 2],
                took[took.size() * 99 / 100]);
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    if (sodium_init() < 0) {
        return 1;
    }
    crypto_sign_keypair(public_key, secret_key);
    if (argc == 4 && std::strcmp(argv[1], "serve") == 0) {
        return Serve(argv[2], std::strtoul(argv[3], nullptr, 10));
    }
    if (argc == 5 && std::strcmp(argv[1], "load") == 0) {
        return Load(argv[2], std::atoi(argv[3]), std::atof(argv[4]));
    }
    std::fprintf(stderr, "usage: grpc_peer serve ADDRESS BYTES | grpc_peer load ADDRESS IN_FLIGHT SECONDS\n");
    return 2;
}
