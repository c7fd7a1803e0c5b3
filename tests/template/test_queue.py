from provisioner.pull_requests.worker import LEASE

from tests.template.stack import of_type, references, resource

FOURTEEN_DAYS = 14 * 24 * 3600


def test_a_message_stays_hidden_for_six_times_the_workers_time_limit() -> None:
    assert resource("RequestQueue")["VisibilityTimeout"] >= 6 * resource("WorkerFunction")["Timeout"]


def test_a_claim_outlives_the_worker_that_holds_it() -> None:
    assert LEASE.total_seconds() > resource("WorkerFunction")["Timeout"]


def test_the_worker_knows_how_often_a_message_may_come_back() -> None:
    allowed = resource("RequestQueue")["RedrivePolicy"]["maxReceiveCount"]
    assert resource("WorkerFunction")["Environment"]["Variables"]["MAX_RECEIVE_COUNT"] == str(allowed)
    assert allowed >= 5  # fewer, and throttling alone would fill the dead letters


def test_every_queue_is_encrypted_keeps_for_14_days_and_refuses_plain_http() -> None:
    for name, queue in of_type("AWS::SQS::Queue").items():
        assert queue["SqsManagedSseEnabled"] is True
        assert queue["MessageRetentionPeriod"] == FOURTEEN_DAYS
        denied = [
            statement
            for policy in of_type("AWS::SQS::QueuePolicy").values()
            if name in references(policy["Queues"])
            for statement in policy["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Deny"
        ]
        assert [statement["Condition"] for statement in denied] == [
            {"Bool": {"aws:SecureTransport": "false"}}
        ]


def test_only_the_topic_may_send_to_the_queue_from_outside() -> None:
    for queue in ("RequestQueuePolicy", "RequestDeadLettersPolicy"):
        allowed = [
            statement
            for statement in resource(queue)["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
        ]
        assert [statement["Condition"] for statement in allowed] == [
            {"ArnEquals": {"aws:SourceArn": {"Ref": "RequestTopic"}}}
        ]


def test_the_queue_and_the_subscription_have_the_dead_letter_queue() -> None:
    dead = {"Fn::GetAtt": ["RequestDeadLetters", "Arn"]}
    assert resource("RequestQueue")["RedrivePolicy"]["deadLetterTargetArn"] == dead
    assert resource("RequestSubscription")["RedrivePolicy"]["deadLetterTargetArn"] == dead
    assert resource("RequestSubscription")["RawMessageDelivery"] is True


def test_the_worker_takes_small_batches_in_parts_and_few_at_once() -> None:
    source = resource("WorkerFunction")["Events"]["Requests"]["Properties"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"]["MaximumConcurrency"] == 2  # the least that AWS allows
    # A GitHub that does not answer costs 3 s to connect and 10 s to read for each message.
    assert source["BatchSize"] * 13 < resource("WorkerFunction")["Timeout"]


def test_topics_are_encrypted_but_for_the_one_of_alarms() -> None:
    keys = {name: topic.get("KmsMasterKeyId") for name, topic in of_type("AWS::SNS::Topic").items()}
    assert keys == {"RequestTopic": "alias/aws/sns", "EventsTopic": "alias/aws/sns", "AlarmTopic": None}
