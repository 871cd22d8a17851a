person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
# Every order is a run of its own; who has no e-mail address gets short messages, who refused marketing still gets notices.
person sdt email=_ name=Phan_Văn_Sáu
+0h   event an order order=a1 total=300000
+1h   event an order order=a2 total=500000
+0h   event khach order order=k1 total=200000
+0h   event binh order order=b1 total=200000
+2h   event binh cancel order=b1
+0h   event sdt order order=s1 total=250000
+1d   event an shipped order=a1 tracking_number=VN1
+1d   event an Order_Updated order=a2 status=shipped tracking_number=VN2 carrier=VNPost
+1d   event khach Order_Updated order=k1 status=shipped
+1d   event sdt shipped order=s1 tracking_number=VN3
+3d   event an Order_Delivered order=a1
+4d   event an Order_Updated order=a2 status=delivered
+4d   event khach Order_Delivered order=k1
+4d   event sdt Order_Delivered order=s1
+2d   event lima order order=l1 total=400000
+5d   event huy order order=h1 total=400000
+6d   unsubscribe huy
+7d   event huy shipped order=h1
+26d  event berlin order order=e1 total=700000
+28d  event berlin Order_Delivered order=e1
until +90d
