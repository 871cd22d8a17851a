person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
start 2027-01-04T09:00
# Tết is on 6 February 2027. Huy stops between the two letters, Mai comes too late for the first.
person mai name=Vũ_Mai
+0h   event an page   +0h event binh page   +0h event khach page   +0h event lima page   +0h event berlin page
+0h   event huy page
+21d  unsubscribe huy
+22d  event mai page
+25d  event an order order=a1 total=300000
until +90d
