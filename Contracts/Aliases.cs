namespace OrleansDDM.Contracts;

/// <summary>
/// The names that types and methods have on the wire and in storage. They outlive renames in the code: never change or reuse one.
/// </summary>
public static class Aliases
{
#pragma warning disable CS1591 // A list of names; each is documented at its type.
    public const string RunGrain = "ddm.run-grain";
    public const string Submit = "ddm.run-grain.submit";
    public const string Resume = "ddm.run-grain.resume";
    public const string StopRun = "ddm.run-grain.stop";
    public const string RunStatusOf = "ddm.run-grain.status";
    public const string Metrics = "ddm.run-grain.metrics";
    public const string Watch = "ddm.run-grain.watch";
    public const string Report = "ddm.run-grain.report";
    public const string RemoveRun = "ddm.run-grain.remove";

    public const string ModelGrain = "ddm.model-grain";
    public const string ExpertGrain = "ddm.expert-grain";
    public const string RouterGrain = "ddm.router-grain";
    public const string StartModel = "ddm.model-grain.start";
    public const string StopModel = "ddm.model-grain.stop-term";
    public const string MoveModel = "ddm.model-grain.move";
    public const string ModelStatusOf = "ddm.model-grain.status";
    public const string History = "ddm.model-grain.history";
    public const string RemoveModel = "ddm.model-grain.remove";

    public const string IslandGrain = "ddm.island-grain";
    public const string ReportPeer = "ddm.island-grain.report-peer";
    public const string PeerGrain = "ddm.peer-grain";
    public const string StartPeer = "ddm.peer-grain.start";
    public const string StopPeer = "ddm.peer-grain.stop";
    public const string RemovePeer = "ddm.peer-grain.remove";
    public const string DeliverFrame = "ddm.peer-grain.deliver";
    public const string PeerStatusOf = "ddm.peer-grain.status";
    public const string ExportPeer = "ddm.peer-grain.export";

    public const string SolveGrain = "ddm.solve-grain";
    public const string SubmitSolve = "ddm.solve-grain.submit";
    public const string StopSolve = "ddm.solve-grain.stop";
    public const string RemoveSolve = "ddm.solve-grain.remove";
    public const string SolveStatusOf = "ddm.solve-grain.status";
    public const string SolutionOf = "ddm.solve-grain.solution";
    public const string ReportToSolve = "ddm.solve-grain.report-peer";

    public const string HostPlanGrain = "ddm.host-plan-grain";
    public const string StorePlan = "ddm.host-plan-grain.store";
    public const string PlanOf = "ddm.host-plan-grain.get";
    public const string RemovePlan = "ddm.host-plan-grain.remove";

    public const string ClusterGrain = "ddm.cluster-grain";
    public const string Drain = "ddm.cluster-grain.drain";
    public const string Rebalance = "ddm.cluster-grain.rebalance";
    public const string ClusterDevices = "ddm.cluster-grain.devices";

    public const string SamplerGrain = "ddm.sampler-grain";
    public const string Sample = "ddm.sampler-grain.sample";
    public const string IsDrawing = "ddm.sampler-grain.is-drawing";

    public const string DeviceHost = "ddm.device-host";
    public const string Evaluate = "ddm.device-host.evaluate";
    public const string PrepareData = "ddm.device-host.prepare";
    public const string DrainDevices = "ddm.device-host.drain";
    public const string DeviceStatusOf = "ddm.device-host.status";

    public const string ImageHost = "ddm.image-host";
    public const string SurveyImages = "ddm.image-host.survey-images";
    public const string OpenPoints = "ddm.image-host.open-points";
    public const string AskPoints = "ddm.image-host.ask-points";
    public const string ShareImages = "ddm.image-host.share-images";

    public const string ArtifactHost = "ddm.artifact-host";
    public const string ArtifactsHeld = "ddm.artifact-host.has";
    public const string ReadArtifact = "ddm.artifact-host.read";
    public const string VerifyArtifact = "ddm.artifact-host.verify";
    public const string PullArtifact = "ddm.artifact-host.pull";
    public const string DropArtifacts = "ddm.artifact-host.drop";
    public const string ForgetRun = "ddm.artifact-host.forget-run";
    public const string ArtifactHostStatusOf = "ddm.artifact-host.status";
    public const string ArtifactHostStatus = "ddm.artifact-host-status";

    public const string ArtifactsGrain = "ddm.artifacts-grain";
    public const string ReadAnyArtifact = "ddm.artifacts-grain.read";
    public const string VerifyAnyArtifact = "ddm.artifacts-grain.verify";
    public const string ReplicasOf = "ddm.artifacts-grain.count";
    public const string ArtifactHostStatuses = "ddm.artifacts-grain.status";
    public const string ReplicaCount = "ddm.replica-count";

    public const string ArtifactReference = "ddm.artifact-reference";
    public const string CheckpointReference = "ddm.checkpoint-reference";
    public const string DataSummary = "ddm.data-summary";
    public const string DeviceFacts = "ddm.device-facts";
    public const string DeviceStatus = "ddm.device-status";
    public const string EvaluateRequest = "ddm.evaluate-request";
    public const string HostImages = "ddm.host-images";
    public const string HostSamples = "ddm.host-samples";
    public const string IslandGraph = "ddm.island-graph";
    public const string IslandStatus = "ddm.island-status";
    public const string MetricPoint = "ddm.metric-point";
    public const string ModelMetrics = "ddm.model-metrics";
    public const string ModelMove = "ddm.model-move";
    public const string ModelPhase = "ddm.model-phase";
    public const string ModelReference = "ddm.model-reference";
    public const string ModelReport = "ddm.model-report";
    public const string ModelStart = "ddm.model-start";
    public const string ModelStatus = "ddm.model-status";
    public const string PackedModel = "ddm.packed-model";
    public const string PeerAddress = "ddm.peer-address";
    public const string PeerCounts = "ddm.peer-counts";
    public const string PeerExport = "ddm.peer-export";
    public const string PeerFrame = "ddm.peer-frame";
    public const string PeerReport = "ddm.peer-report";
    public const string PeerStart = "ddm.peer-start";
    public const string PeerStatus = "ddm.peer-status";
    public const string PeerVector = "ddm.peer-vector";
    public const string PointsAnswer = "ddm.points-answer";
    public const string PointsQuestion = "ddm.points-question";
    public const string PointsQuestionKind = "ddm.points-question-kind";
    public const string RunEvent = "ddm.run-event";
    public const string RunEventKind = "ddm.run-event-kind";
    public const string RunPhase = "ddm.run-phase";
    public const string RunStatus = "ddm.run-status";
    public const string SampleProgress = "ddm.sample-progress";
    public const string SampleRequest = "ddm.sample-request";
    public const string SampleResult = "ddm.sample-result";
    public const string SlotStatus = "ddm.slot-status";
    public const string SolvePhase = "ddm.solve-phase";
    public const string SolveStatus = "ddm.solve-status";
    public const string SubmitReply = "ddm.submit-reply";

    public const string RunConflictException = "ddm.run-conflict-exception";
    public const string RunNotFoundException = "ddm.run-not-found-exception";
    public const string RunActiveException = "ddm.run-active-exception";
    public const string RunNotReadyException = "ddm.run-not-ready-exception";
    public const string StaleTermException = "ddm.stale-term-exception";
    public const string StateVersionException = "ddm.state-version-exception";
    public const string RunNotStoredException = "ddm.run-not-stored-exception";
    public const string DataUnavailableException = "ddm.data-unavailable-exception";
    public const string MessageTooLargeException = "ddm.message-too-large-exception";
    public const string SiloNotFoundException = "ddm.silo-not-found-exception";
    public const string BadRequestException = "ddm.bad-request-exception";
    public const string AccessDeniedException = "ddm.access-denied-exception";
    public const string TooManyRequestsException = "ddm.too-many-requests-exception";
    public const string ArtifactException = "ddm.artifact-exception";
    public const string ArtifactBusyException = "ddm.artifact-busy-exception";

    public const string ModelState = "ddm.state.model";
    public const string DevicePlacement = "ddm.device-placement";
    public const string HostPlacement = "ddm.host-placement";
    public const string IslandState = "ddm.state.island";
    public const string HostPlanState = "ddm.state.host-plan";
    public const string PeerGrainState = "ddm.state.peer";
    public const string RunState = "ddm.state.run";
    public const string SolveState = "ddm.state.solve";
#pragma warning restore CS1591
}
