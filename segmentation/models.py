"""The models of every room, where Django looks for them."""

from segmentation.clusters.models import Cluster, ClusterRun
from segmentation.portraits.models import Portrait, PortraitRun
from segmentation.segments.models import Membership, Segment, SegmentSize
from segmentation.standing.models import Standing

__all__ = ["Cluster", "ClusterRun", "Membership", "Portrait", "PortraitRun", "Segment", "SegmentSize", "Standing"]
